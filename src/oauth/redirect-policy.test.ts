import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoopbackRedirect, redirectUriAllowed, redirectUriProblem } from './redirect-policy.ts'

describe('auth 9: a redirect URI may be registered', () => {
  it.each([
    'https://app.example.com/callback',
    'https://app.example.com',
    'https://app.example.com:8443/cb?tenant=1',
    'https://localhost:8443/cb',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:33418/callback?x=1',
    'http://[::1]:8080/',
    'http://localhost:3118/callback',
    'com.example.app:/oauth2redirect',
    'com.example.app://callback/path',
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ])('%s', (uri) => {
    expect(redirectUriProblem(uri)).toBeNull()
  })
})

describe('auth 9: a redirect URI is refused', () => {
  it.each([
    ['foreign http', 'http://evil.example/cb'],
    ['http on a private network', 'http://192.168.1.2/cb'],
    ['http on another loopback address', 'http://127.0.0.2/cb'],
    ['a name that begins like loopback', 'http://localhost.evil.example/cb'],
    ['an address that begins like loopback', 'http://127.0.0.1.evil.example/cb'],
    ['loopback in another form', 'http://2130706433/cb'],
    ['loopback with an empty port', 'http://127.0.0.1:/cb'],
    ['loopback with a port too large', 'http://127.0.0.1:99999/cb'],
    ['a fragment', 'https://app.example.com/cb#x'],
    ['an empty fragment', 'https://app.example.com/cb#'],
    ['a user name', 'https://app.example.com@evil.example/cb'],
    ['an empty user name', 'https://@evil.example/cb'],
    ['a user name on loopback', 'http://127.0.0.1@evil.example/cb'],
    ['a user name in an own scheme', 'com.example.app://u@host/cb'],
    ['a wildcard host', 'https://*.example.com/cb'],
    ['a wildcard path', 'https://app.example.com/*'],
    ['javascript', 'javascript:alert(1)'],
    ['javascript in capitals', 'JavaScript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['file', 'file:///etc/passwd'],
    ['vbscript', 'vbscript:x'],
    ['blob', 'blob:https://app.example.com/1'],
    ['about', 'about:blank'],
    ['a scheme that is nobody known', 'myapp://callback'],
    ['a known scheme without a host', 'cursor:alert'],
    ['websockets', 'wss://app.example.com/'],
    ['a path alone', '/callback'],
    ['nothing', ''],
    ['a line break', 'https://app.example.com/\r\nx'],
    ['a tab that parsers drop', 'java\tscript:alert(1)'],
    ['a backslash', 'https://app.example.com\\@evil.example/'],
    ['a backslash for a slash', 'https:\\\\evil.example/'],
    ['no slashes', 'https:evil.example/cb'],
    ['three slashes', 'https:///evil.example/cb'],
    ['letters outside ASCII', 'https://äpp.example.com/cb'],
    ['too many characters', `https://app.example.com/${'a'.repeat(2048)}`],
  ])('%s', (_, uri) => {
    expect(redirectUriProblem(uri)).not.toBeNull()
  })
})

describe('auth 10: a request is answered at', () => {
  const registered = [
    'https://app.example.com/cb',
    'http://127.0.0.1/cb',
    'http://localhost:9/x?a=1',
    'com.example.app:/cb',
  ]

  it.each([
    ['exactly what is registered', 'https://app.example.com/cb'],
    ['T17: loopback with another port', 'http://127.0.0.1:51000/cb'],
    ['T17: loopback without a port', 'http://localhost/x?a=1'],
    ['an own scheme, exactly', 'com.example.app:/cb'],
  ])('%s', (_, uri) => {
    expect(redirectUriAllowed(registered, uri)).toBe(true)
  })

  it.each([
    ['another path', 'https://app.example.com/cb/'],
    ['a path below', 'https://app.example.com/cb/more'],
    ['a path that leads back', 'https://app.example.com/x/../cb'],
    ['an encoded path', 'https://app.example.com/%63b'],
    ['a query', 'https://app.example.com/cb?x=1'],
    ['a fragment', 'https://app.example.com/cb#x'],
    ['another port on https', 'https://app.example.com:8443/cb'],
    ['the default port spelled out', 'https://app.example.com:443/cb'],
    ['a host in capitals', 'https://APP.example.com/cb'],
    ['a host below', 'https://x.app.example.com/cb'],
    ['a longer host', 'https://app.example.com.evil.example/cb'],
    ['a user name', 'https://app.example.com@evil.example/cb'],
    ['http', 'http://app.example.com/cb'],
    ['the other loopback name', 'http://localhost/cb'],
    ['the other loopback address', 'http://[::1]/cb'],
    ['loopback with another path', 'http://127.0.0.1:51000/cb2'],
    ['loopback with another query', 'http://localhost:9/x?a=2'],
    ['loopback by https', 'https://127.0.0.1/cb'],
    ['loopback with a user name', 'http://x@127.0.0.1:51000/cb'],
    ['a name that begins like loopback', 'http://127.0.0.1:51000.evil.example/cb'],
    ['another own scheme', 'com.example.app2:/cb'],
    ['an own scheme with a host', 'com.example.app://cb'],
  ])('never at %s', (_, uri) => {
    expect(redirectUriAllowed(registered, uri)).toBe(false)
  })

  it('what would be refused at registration, even when it stands in a row', () => {
    expect(redirectUriAllowed(['javascript:alert(1)'], 'javascript:alert(1)')).toBe(false)
  })

  it('never at what differs in one character, and on loopback at any port', () => {
    const change = fc.record({
      at: fc.nat(33),
      by: fc.string({ unit: 'grapheme-ascii', maxLength: 2 }),
      cut: fc.nat(1),
    })
    fc.assert(
      fc.property(change, ({ at, by, cut }) => {
        const [known = ''] = registered
        const uri = known.slice(0, at) + by + known.slice(at + cut)
        fc.pre(uri !== known)
        return !redirectUriAllowed(registered, uri)
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (port) =>
        redirectUriAllowed(registered, `http://127.0.0.1:${port}/cb`),
      ),
    )
  })
})

it('knows redirects that any program on the device may wait at', () => {
  expect(['http://127.0.0.1:5/', 'http://[::1]', 'http://localhost?x'].map(isLoopbackRedirect)).toEqual([
    true,
    true,
    true,
  ])
  expect(
    ['https://localhost/', 'com.example.app:/', 'http://localhost.example/'].some(isLoopbackRedirect),
  ).toBe(false)
})
