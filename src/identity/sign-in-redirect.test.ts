import { expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { createSealedBox } from '../lib/sealed-box.ts'
import { callbackUrl, createSignInRedirects, localPath } from './sign-in-redirect.ts'
import type { PendingSignIn, SignInRedirects } from './sign-in-redirect.ts'

const after = { next: '/interaction/abc?x=1', remember: true }

function scene(publicUrl = 'https://mcp.example.com') {
  const time = { now: 1_000_000 }
  const box = createSealedBox('a secret of the store, 32 characters', systemRandom)
  const clock = { now: () => time.now, monotonic: () => time.now }
  const redirects = createSignInRedirects(
    { publicUrl: new URL(publicUrl) },
    { box, clock, random: systemRandom },
  )
  return { redirects, time, box }
}

/** The value a browser keeps of a `Set-Cookie` line; null when it takes the cookie away. */
function valueOf(setCookie: string): string | null {
  const value = /^[^=]+=([^;]*)/.exec(setCookie)?.[1] ?? ''
  return value === '' ? null : value
}

function wayBack({ redirectUri, state }: PendingSignIn): URL {
  return new URL(`${redirectUri}?code=c&state=${state}`)
}

function begun(redirects: SignInRedirects, cookie: string | null = null) {
  const { pending, setCookie } = redirects.begin('github', after, cookie)
  return { pending, cookie: valueOf(setCookie), setCookie }
}

it('gives back what it began, and takes the cookie away', () => {
  const { redirects } = scene()
  const { pending, cookie } = begun(redirects)
  const done = redirects.finish('github', wayBack(pending), cookie)
  expect(done.result).toStrictEqual({ pending })
  expect(pending).toMatchObject({
    provider: 'github',
    redirectUri: 'https://mcp.example.com/login/callback/github',
    ...after,
  })
  expect(done.setCookie).toBe('__Host-sallyport-sign-in=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure')
})

it('makes state, nonce and verifier of 256 random bits each, new every time', () => {
  const { redirects } = scene()
  const words = [begun(redirects), begun(redirects)].flatMap(({ pending }) => [
    pending.state,
    pending.nonce,
    pending.codeVerifier,
  ])
  expect(new Set(words).size).toBe(6)
  for (const word of words) expect(word).toMatch(/^[\w-]{43}$/)
})

it('keeps them from scripts, from other sites and from plain http, for ten minutes', () => {
  expect(begun(scene().redirects).setCookie).toMatch(
    /^__Host-sallyport-sign-in=v1\.[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
  )
  expect(begun(scene('http://127.0.0.1:8787').redirects).setCookie).toMatch(
    /^sallyport-sign-in=v1\.[\w-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
  )
})

it('shows nothing of itself in the cookie', () => {
  const { pending, cookie } = begun(scene().redirects)
  const readable = Buffer.from((cookie ?? '').slice(3), 'base64url').toString('latin1')
  for (const word of [pending.state, pending.nonce, pending.codeVerifier, 'github', 'interaction'])
    expect(readable + (cookie ?? '')).not.toContain(word)
})

it('refuses a callback in another browser: login CSRF', () => {
  const { redirects } = scene()
  const { pending } = begun(redirects)
  const other = begun(redirects)
  expect(redirects.finish('github', wayBack(pending), null).result).toStrictEqual({ refused: 'no_state' })
  const lured = redirects.finish('github', wayBack(pending), other.cookie)
  expect(lured.result).toStrictEqual({ refused: 'unknown_state' })
  // What that browser itself has begun goes on.
  expect(redirects.finish('github', wayBack(other.pending), valueOf(lured.setCookie)).result).toStrictEqual({
    pending: other.pending,
  })
})

it('refuses the callback a second time', () => {
  const { redirects } = scene()
  const { pending, cookie } = begun(redirects)
  const first = redirects.finish('github', wayBack(pending), cookie)
  const again = redirects.finish('github', wayBack(pending), valueOf(first.setCookie))
  expect(again.result).toStrictEqual({ refused: 'no_state' })
})

it('refuses a callback at the address of another provider: mix-up', () => {
  const { redirects } = scene()
  const { pending, cookie } = begun(redirects)
  const elsewhere = new URL(wayBack(pending).href.replace('github', 'oidc'))
  const { result, setCookie } = redirects.finish('oidc', elsewhere, cookie)
  expect(result).toStrictEqual({ refused: 'other_provider' })
  expect(valueOf(setCookie)).toBeNull()
})

it.each([
  ['no state', (query: URLSearchParams) => query.delete('state'), 'no_state'],
  ['an empty state', (query: URLSearchParams) => query.set('state', ''), 'no_state'],
  ['two states', (query: URLSearchParams) => query.append('state', query.get('state') ?? ''), 'no_state'],
  ['another state', (query: URLSearchParams) => query.set('state', 'x'.repeat(43)), 'unknown_state'],
])('refuses a callback with %s', (_, edit, refused) => {
  const { redirects } = scene()
  const { pending, cookie } = begun(redirects)
  const callback = wayBack(pending)
  edit(callback.searchParams)
  expect(redirects.finish('github', callback, cookie).result).toStrictEqual({ refused })
})

it('refuses a cookie that was changed, made by another gateway or made for another purpose', () => {
  const { redirects, box } = scene()
  const { pending, cookie } = begun(redirects)
  const value = cookie ?? ''
  const middle = Math.floor(value.length / 2)
  const flipped = `${value.slice(0, middle)}${value[middle] === 'A' ? 'B' : 'A'}${value.slice(middle + 1)}`
  const stranger = createSealedBox('another secret of another store, 32', systemRandom)
  const text = JSON.stringify([{ ...pending, until: 9e15 }])
  const bad = [
    flipped,
    value.slice(0, -4),
    'v1.',
    'x',
    stranger.seal(text, 'sign-in redirect'),
    box.seal(text, 'signing key'),
  ]
  for (const cookie of bad)
    expect(redirects.finish('github', wayBack(pending), cookie).result).toStrictEqual({ refused: 'no_state' })
  const good = box.seal(text, 'sign-in redirect')
  expect(redirects.finish('github', wayBack(pending), good).result).toStrictEqual({ pending })
})

it('refuses a callback after ten minutes, whatever the browser kept', () => {
  const { redirects, time } = scene()
  const { pending, cookie } = begun(redirects)
  time.now += 599_999
  expect(redirects.finish('github', wayBack(pending), cookie).result).toStrictEqual({ pending })
  time.now += 1
  const late = redirects.finish('github', wayBack(pending), cookie)
  expect(late.result).toStrictEqual({ refused: 'expired' })
  expect(valueOf(late.setCookie)).toBeNull()
})

it.each([
  ['three tabs', 100, ['unknown_state', 'on', 'on', 'on']],
  ['as many tabs as fit where they want long paths', 1000, ['unknown_state', 'unknown_state', 'on', 'on']],
])('lets sign-ins go on side by side in one cookie that a browser takes: %s', (_, length, expected) => {
  const { redirects } = scene(`https://mcp.example.com/${'p'.repeat(60)}`)
  const next = `/interaction/${'x'.repeat(length)}`
  let cookie: string | null = null
  const tabs = Array.from({ length: 4 }, () => {
    const { pending, setCookie } = redirects.begin('microsoft', { next, remember: false }, cookie)
    expect(setCookie.length).toBeLessThan(4096)
    cookie = valueOf(setCookie)
    return pending
  })
  const results = tabs.map((pending) => {
    const { result, setCookie } = redirects.finish('microsoft', wayBack(pending), cookie)
    cookie = valueOf(setCookie)
    return 'pending' in result ? 'on' : result.refused
  })
  expect(results).toStrictEqual(expected)
})

it('puts the path of the public URL into the redirect URI', () => {
  expect(callbackUrl(new URL('https://example.com/'), 'oidc')).toBe('https://example.com/login/callback/oidc')
  expect(callbackUrl(new URL('https://example.com/gate/'), 'oidc')).toBe(
    'https://example.com/gate/login/callback/oidc',
  )
})

it('T17: goes on to paths of its own only', () => {
  const own = ['/', '/account', '/interaction/a?b=c%2F&d=//e', '/a/../b', '/ä']
  const home = [
    '',
    'account',
    'https://evil.example/',
    'https://mcp.example.com/x',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n//evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/%2e//evil.example',
    'javascript:alert(1)',
    `/${'x'.repeat(1024)}`,
  ]
  const at = new URL('https://mcp.example.com')
  for (const text of own) {
    const path = localPath(text, at)
    expect(new URL(path, at).href, text).toBe(new URL(text, at).href)
  }
  for (const text of home) expect(localPath(text, at), text).toBe('/account')
})
