import { describe, expect, it } from 'vitest'
import { home, nextPath } from './next-path.ts'

describe('T17: the way on after sign-in', () => {
  it.each([
    '/account',
    '/account/apps',
    '/account/keys/new',
    '/consent/Ab3_-x',
    '/device',
    '/device?user_code=WDJB-MJHT',
    '/console',
    '/console/usage/week',
  ])('may be %s', (path) => expect(nextPath(path)).toBe(path))

  it.each([
    null,
    undefined,
    '',
    '/',
    'account',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/account//evil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    '/%2Fevil.example',
    '/account/%2e%2e//evil.example',
    '/account/../../evil',
    '/./account',
    '/.//evil.example',
    '/account\t',
    '/account\n',
    '\t//evil.example',
    ' /account',
    '/account\u0000',
    '/account@evil.example',
    '/account?next=//evil.example',
    '/account?a=%0d%0aSet-Cookie:x',
    '/account#@evil.example',
    '/account?x=#y',
    '/consent/',
    '/consent/a/b',
    '/consent/..',
    '/logout',
    '/login',
    '/oauth/authorize',
    `/consent/${'a'.repeat(129)}`,
    '/accоunt',
  ])('is home instead of %j', (path) => expect(nextPath(path)).toBe(home))
})
