import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createGuard } from './guard.ts'
import type { GuardOptions } from './guard.ts'
import type { RequestHead } from './request-head.ts'

const publicly = { publicUrl: new URL('https://mcp.example.com/base'), allowedHosts: [], allowedOrigins: [] }

function judge(
  options: Partial<GuardOptions>,
  { host, origin }: { host?: string; origin?: string },
  localAddress = '10.1.2.3',
): string {
  const guard = createGuard({ ...publicly, loopback: false, ...options })
  const socket = { localAddress } as Socket
  return guard({ host, origin } as RequestHead, socket)?.refused ?? 'passes'
}

describe('T13: Host', () => {
  it.each(['mcp.example.com', 'MCP.Example.COM', 'mcp.example.com:443', 'mcp.example.com:8443'])(
    '%s is the public one',
    (host) => expect(judge({}, { host })).toBe('passes'),
  )

  it.each([
    undefined,
    '',
    'evil.example',
    'localhost',
    '127.0.0.1',
    '[::1]',
    'mcp.example.com.',
    'mcp.example.com.evil.example',
    'evil.example:443@mcp.example.com',
    'mcp.example.com:',
    'mcp.example.com:x',
    'mcp.example.com:123456',
    'mcp.example.com,evil.example',
    'mcp.example.com evil.example',
    'sub.mcp.example.com',
    '[mcp.example.com]',
    ':443',
  ])('%j is foreign', (host) => {
    expect(judge({}, host === undefined ? {} : { host })).toBe('host_rejected')
  })

  it('loopback names are ours only where we listen on loopback', () => {
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8787', '[::1]', '[::1]:8787']) {
      expect([host, judge({ loopback: true }, { host })]).toEqual([host, 'passes'])
      expect([host, judge({}, { host })]).toEqual([host, 'host_rejected'])
    }
    expect(judge({ loopback: true }, { host: '127.0.0.2' })).toBe('host_rejected')
    expect(judge({ loopback: true }, { host: 'localhost.evil.example' })).toBe('host_rejected')
  })

  it('allowedHosts: a bare name stands for every port, a name with a port for that one', () => {
    const allowedHosts = ['Bare.example', 'port.example:8443', '[2001:db8::1]']
    const passes = [
      'bare.example',
      'BARE.example:1',
      'port.example:8443',
      '[2001:DB8::1]:99',
      '[2001:db8::1]',
    ]
    for (const host of passes) expect([host, judge({ allowedHosts }, { host })]).toEqual([host, 'passes'])
    for (const host of ['port.example:8444', 'port.example:84430', '2001:db8::1', '[2001:db8::2]'])
      expect([host, judge({ allowedHosts }, { host })]).toEqual([host, 'host_rejected'])
  })
})

describe("T54: the socket's own address", () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:8787', '10.1.2.3'],
    ['10.1.2.3', '::ffff:10.1.2.3'],
    ['[fd00::7]', 'fd00::7'],
    ['[FD00::7]:8787', 'fd00::7'],
  ])('Host %s passes on a socket of %s', (host, own) => expect(judge({}, { host }, own)).toBe('passes'))

  it.each([
    ['10.1.2.4', '10.1.2.3'],
    ['110.1.2.3', '10.1.2.3'],
    ['10.1.2.3.evil.example', '10.1.2.3'],
    ['10.1.2.3@evil.example', '10.1.2.3'],
    ['[fd00::8]', 'fd00::7'],
    ['fd00::7', 'fd00::7'],
  ])('Host %s does not on a socket of %s', (host, own) => {
    expect(judge({}, { host }, own)).toBe('host_rejected')
  })

  it('that is not known lets nobody in', () => {
    const guard = createGuard({ ...publicly, loopback: false })
    const socket = { localAddress: undefined } as unknown as Socket
    expect(guard({ host: 'undefined', origin: undefined } as RequestHead, socket)?.refused).toBe(
      'host_rejected',
    )
  })
})

describe('T13: Origin', () => {
  const host = 'mcp.example.com'
  it.each(['https://mcp.example.com', 'HTTPS://MCP.EXAMPLE.COM', 'https://app.example.com'])(
    '%s may call',
    (origin) => {
      expect(judge({ allowedOrigins: ['https://APP.example.com'] }, { host, origin })).toBe('passes')
    },
  )

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://mcp.example.com',
    'https://mcp.example.com:8443',
    'https://mcp.example.com/',
    'https://mcp.example.com.evil.example',
    'http://localhost',
    'mcp.example.com',
    'https://mcp.example.com, https://evil.example',
  ])('%j may not', (origin) => expect(judge({}, { host, origin })).toBe('origin_rejected'))

  it("on loopback its names may call from the gateway's own port only", () => {
    const options = { publicUrl: new URL('http://127.0.0.1:8787'), loopback: true }
    const answers = [
      'http://localhost:8787',
      'http://[::1]:8787',
      'http://localhost:3000',
      'https://localhost:8787',
    ].map((origin) => judge(options, { host: 'localhost', origin }))
    expect(answers).toEqual(['passes', 'passes', 'origin_rejected', 'origin_rejected'])
  })

  it('a foreign Host is said first', () => {
    expect(judge({}, { host: 'evil.example', origin: 'null' })).toBe('host_rejected')
  })
})
