import { describe, expect, it } from 'vitest'
import { baseOf, canonicalResource, mirrorLoopback, resourcesOf } from './resource.ts'

const hosted = new URL('https://MCP.example.com/tools/')
const local = new URL('http://127.0.0.1:8787')

describe('resources', () => {
  it('T16: are publicUrl and path exactly, without a slash at the end', () => {
    expect(baseOf(local)).toBe('http://127.0.0.1:8787')
    expect(resourcesOf(local, { name: 'code', isDefault: true })).toEqual([
      'http://127.0.0.1:8787/mcp/code',
      'http://127.0.0.1:8787/mcp',
    ])
    expect(resourcesOf(hosted, { name: 'wiki', isDefault: false })).toEqual([
      'https://mcp.example.com/tools/mcp/wiki',
    ])
  })

  it.each([
    ['https://mcp.example.com/tools/mcp/', 'https://mcp.example.com/tools/mcp'],
    ['HTTPS://MCP.EXAMPLE.COM/tools/mcp', 'https://mcp.example.com/tools/mcp'],
    ['https://mcp.example.com:443/tools/mcp', 'https://mcp.example.com/tools/mcp'],
    ['https://mcp.example.com/tools/MCP', 'https://mcp.example.com/tools/MCP'],
    ['https://mcp.example.com/tools/mcp//', 'https://mcp.example.com/tools/mcp/'],
    ['https://mcp.example.com/tools/mcp?x=1', 'https://mcp.example.com/tools/mcp?x=1'],
    ['http://localhost/mcp', 'http://localhost/mcp'],
    ['https://mcp.example.com/tools/mcp#', null],
    ['https://a:b@mcp.example.com/tools/mcp', null],
    ['/mcp', null],
    ['', null],
  ])('auth 1: %j means %j', (text, meant) => {
    expect(canonicalResource(hosted, text)).toBe(meant)
  })

  it.each([
    ['http://localhost:8787/mcp', 'http://127.0.0.1:8787/mcp'],
    ['http://[::1]:8787/mcp/', 'http://127.0.0.1:8787/mcp'],
    ['http://LOCALHOST:8787/mcp', 'http://127.0.0.1:8787/mcp'],
    ['http://localhost:8788/mcp', 'http://127.0.0.1:8788/mcp'],
    ['https://localhost:8787/mcp', 'https://localhost:8787/mcp'],
    ['http://localhost.evil.example:8787/mcp', 'http://localhost.evil.example:8787/mcp'],
  ])('on a loopback publicUrl %j is %j', (text, meant) => {
    expect(canonicalResource(local, text)).toBe(meant)
  })

  it.each([
    ['localhost:8787', 'http://localhost:8787'],
    ['[::1]:8787', 'http://[::1]:8787'],
    ['127.0.0.1', 'http://127.0.0.1:8787'],
    ['evil.example:8787', 'http://127.0.0.1:8787'],
    ['a b', 'http://127.0.0.1:8787'],
    [undefined, 'http://127.0.0.1:8787'],
  ])('mirror the loopback name that was asked: %j', (host, expected) => {
    expect(baseOf(mirrorLoopback(local, host))).toBe(expected)
    expect(baseOf(mirrorLoopback(hosted, host))).toBe('https://mcp.example.com/tools')
  })
})
