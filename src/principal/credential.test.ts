import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { classifyCredential } from './credential.ts'

describe('what an Authorization field presents', () => {
  it.each([
    [undefined, { kind: 'none' }],
    ['Bearer sp_abc', { kind: 'api_key', token: 'sp_abc' }],
    ['bearer sp_abc', { kind: 'api_key', token: 'sp_abc' }],
    ['BEARER  eyJh.b.c', { kind: 'bearer', token: 'eyJh.b.c' }],
    ['  Bearer abc==  ', { kind: 'bearer', token: 'abc==' }],
    ['Bearer SP_abc', { kind: 'bearer', token: 'SP_abc' }],
  ])('%j is %j', (header, expected) => {
    const credential = classifyCredential(header)
    const shown =
      'token' in credential ? { kind: credential.kind, token: credential.token.reveal() } : credential
    expect(shown).toEqual(expected)
  })

  it('T7: keeps the token from every way of printing it', () => {
    const credential = classifyCredential('Bearer sp_abcdef')
    expect(
      [JSON.stringify(credential), inspect(credential), Object.values(credential).map(String).join()].join(),
    ).not.toContain('abcdef')
  })
})

describe('what nobody can use', () => {
  it.each([
    ['', 'malformed_header'],
    ['   ', 'malformed_header'],
    ['sp_abc@def secret', 'malformed_header'],
    ['"Bearer" abc', 'malformed_header'],
    ['Basic dXNlcjpwdw==', 'not_bearer'],
    ['sp_abc', 'not_bearer'],
    ['Bearertoken', 'not_bearer'],
    ['Bearer', 'empty_token'],
    ['Bearer ', 'empty_token'],
    ['Bearer a b', 'malformed_token'],
    ['Bearer a,b', 'malformed_token'],
    ['Bearer =abc', 'malformed_token'],
    ['Bearer schlüssel', 'malformed_token'],
    ['Bearer "abc"', 'malformed_token'],
    ['Bearer a\u0000', 'malformed_token'],
    [`Bearer ${'a'.repeat(8193)}`, 'malformed_token'],
  ])('%j is %s', (header, reason) => {
    expect(classifyCredential(header)).toEqual({ kind: 'unusable', reason })
  })

  it('accepts a token of the greatest length', () => {
    expect(classifyCredential(`Bearer ${'a'.repeat(8192)}`).kind).toBe('bearer')
  })
})
