import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Message } from './message.ts'
import { contradictingHeader, decodeHeaderValue } from './request-headers.ts'

const sentinel = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`

describe('a header value', () => {
  it.each([
    ['plain', 'plain'],
    ['=?base64?csOpc3Vtw6k=?=', 'résumé'],
    ['=?base64?WsO8cmljaA==?=', 'Zürich'],
    ['=?base64??=', ''],
    ['=?BASE64?YQ==?=', '=?BASE64?YQ==?='],
    ['=?base64?YQ==', '=?base64?YQ=='],
    ['YQ==?=', 'YQ==?='],
    ['', ''],
  ])('%j means %j', (value, text) => expect(decodeHeaderValue(value)).toBe(text))

  it.each([
    ['no padding', '=?base64?YQ?='],
    ['base64url', '=?base64?_-8=?='],
    ['a space inside', '=?base64?YQ= =?='],
    ['what is not UTF-8', '=?base64?/w==?='],
    ['markers that overlap', '=?base64?='],
    ['a surrogate', '=?base64?7aCA?='],
  ])('means nothing with %s', (_, value) => expect(decodeHeaderValue(value)).toBeNull())

  it('gives back every text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        // The decoder takes a byte order mark away; decisions are taken on the body anyway.
        fc.pre(!text.startsWith('\uFEFF'))
        expect(decodeHeaderValue(sentinel(text))).toBe(text)
      }),
    )
  })
})

describe('headers and body', () => {
  const message: Message = {
    kind: 'request',
    id: 1,
    method: 'tools/call',
    name: 'é',
    claimedVersion: '2026-07-28',
    introduction: null,
    traceParent: null,
  }
  const agreeing = { method: 'tools/call', name: sentinel('é'), protocolVersion: '2026-07-28' }
  const none = { method: undefined, name: undefined, protocolVersion: undefined }

  it('agree, and what is not there contradicts nothing', () => {
    expect(contradictingHeader(agreeing, message)).toBeNull()
    expect(contradictingHeader(none, message)).toBeNull()
    expect(contradictingHeader({ ...agreeing, method: ' tools/call\t' }, message)).toBeNull()
  })

  it.each([
    ['another method', { ...agreeing, method: 'tools/list' }, 'Mcp-Method'],
    ['a method in another case', { ...agreeing, method: 'Tools/Call' }, 'Mcp-Method'],
    ['a method twice', { ...agreeing, method: 'tools/call, tools/call' }, 'Mcp-Method'],
    ['an empty method', { ...agreeing, method: '' }, 'Mcp-Method'],
    ['another name', { ...agreeing, name: 'e' }, 'Mcp-Name'],
    ['a name in bytes', { ...agreeing, name: 'Ã©' }, 'Mcp-Name'],
    ['a name that cannot be decoded', { ...agreeing, name: '=?base64?w6k?=' }, 'Mcp-Name'],
    ['another version', { ...agreeing, protocolVersion: '2025-11-25' }, 'MCP-Protocol-Version'],
  ])('disagree with %s', (_, headers, name) => expect(contradictingHeader(headers, message)).toBe(name))

  it('a name that cannot be decoded is refused even where the method has none', () => {
    const nameless = { ...message, method: 'tools/list', name: null }
    const headers = { ...none, name: '=?base64?x?=' }
    expect(contradictingHeader(headers, nameless)).toBe('Mcp-Name')
    expect(contradictingHeader({ ...none, name: 'whatever' }, nameless)).toBeNull()
  })

  it('a response mirrors nothing', () => {
    const response: Message = {
      kind: 'response',
      id: 1,
      method: '',
      name: null,
      claimedVersion: null,
      introduction: null,
      traceParent: null,
    }
    expect(contradictingHeader({ ...agreeing, name: '=?base64?x?=' }, response)).toBeNull()
  })
})
