import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestContent, redactedContent } from './span-content.ts'

const read = (value: unknown): unknown => JSON.parse(redactedContent(value))

describe('what goes on a span of arguments and results', () => {
  it.each([
    'password',
    'Passwd',
    'user_password',
    'db-password',
    'passphrase',
    'token',
    'accessToken',
    'x-auth-token',
    'secret',
    'client_secret',
    'Authorization',
    'api_key',
    'apiKey',
    'X-API-Key',
    'private_key',
    'cookie',
    'Set-Cookie',
    'sessionId',
    'credentials',
    'jwt',
    'bearer',
    'signature',
    'key',
    'pin',
    'otp',
    'cvv',
    'ssn',
    'connection_string',
  ])('hides whatever stands under %s, at any depth', (key) => {
    const hidden = { a: [{ b: { [key]: '[redacted]' } }] }
    for (const value of ['x', 12, true, ['x'], { y: 'x' }, null]) {
      expect(read({ a: [{ b: { [key]: value } }] })).toEqual(hidden)
    }
  })

  it.each(['author', 'monkey', 'path', 'name', 'query', 'keyboard', 'spinner', 'text'])(
    'shows what stands under %s',
    (key) => expect(read({ [key]: 'x' })).toEqual({ [key]: 'x' }),
  )

  it.each([
    ['a key of ours', 'take sp_ABCDEFGHIJKL_0123456789abcdef now'],
    ['a bearer token', 'Authorization: Bearer abc.def'],
    ['a JWT', 'eyJhbGciOiJ9.eyJzdWIiOiJ9.sig-of-it'],
    ['a password in a URL', 'postgres://u:hunter2@host/db'],
    ['a query', 'https://h/?code=hunter2'],
    ['an assignment', 'export DB_PASSWORD="hunter2 x"; echo'],
    ['a YAML line', 'api-key: hunter2'],
    ['JSON in the middle of text', 'got {"client_secret": "hunter2"}'],
    ['a GitHub token', 'ghp_0123456789abcdefghij0123456789'],
    ['an AWS key', 'AKIAIOSFODNN7EXAMPLE'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----'],
    ['the beginning of one', '-----BEGIN PRIVATE KEY-----\nhunter2'],
    ['a digest', 'a3f5'.repeat(16)],
  ])('hides %s inside a text', (_, text) => {
    const shown = redactedContent({ text })
    expect(shown).toContain('[redacted]')
    expect(shown).not.toMatch(/hunter2|0123456789abcdef|abc\.def|sig-of-it|IOSFODNN|a3f5a3f5/)
  })

  it('looks through a text that is JSON, and hides a key that is a credential', () => {
    expect(read({ text: JSON.stringify([{ token: 'x', ok: 1 }]) })).toEqual({
      text: [{ token: '[redacted]', ok: 1 }],
    })
    expect(redactedContent({ ['a3f5'.repeat(16)]: 1 })).toBe('{"[redacted]":1}')
  })

  it('is cut, and leaves no half of a credential at a cut', () => {
    const secret = 'abcd'.repeat(12)
    for (let before = 990; before < 1030; before += 1) {
      expect(redactedContent(`${'x '.repeat(before / 2)}${secret}`)).not.toContain('abcd')
    }
    expect(redactedContent(Array(5000).fill('word word')).length).toBeLessThanOrEqual(longestContent)
    expect(redactedContent(JSON.parse('['.repeat(5000) + ']'.repeat(5000))).length).toBeLessThan(100)
  })

  it('is text within its size for any value there is, without what stands under a secret key', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const shown = redactedContent({ value, password: 'hunter2', deep: [value, { token: ['hunter2'] }] })
        expect(shown.length).toBeLessThanOrEqual(longestContent)
        expect(shown).not.toContain('hunter2')
      }),
    )
  })
})
