import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { newCookieValue, sessionCookie } from './session-cookie.ts'

const onHttps = sessionCookie(new URL('https://mcp.example.com/below'))
const onLoopback = sessionCookie(new URL('http://127.0.0.1:8787'))
const value = newCookieValue(systemRandom)

describe('auth 18: the session cookie', () => {
  it('is opaque, of 256 bits, and never the same', () => {
    expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(new Set(Array.from({ length: 500 }, () => newCookieValue(systemRandom))).size).toBe(500)
  })

  it('is bound to the host on https, and has its plain name on loopback', () => {
    expect(onHttps.set(value, null)).toBe(`__Host-sallyport=${value}; Path=/; HttpOnly; SameSite=Lax; Secure`)
    expect(onLoopback.set(value, 60)).toBe(`sallyport=${value}; Max-Age=60; Path=/; HttpOnly; SameSite=Lax`)
    expect(onHttps.clear()).toBe('__Host-sallyport=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure')
  })

  it('is read among others', () => {
    expect(onHttps.read(`a=b;  __Host-sallyport=${value} ;sallyport=x`)).toBe(value)
    expect(onLoopback.read(`sallyport=${value}`)).toBe(value)
  })

  it.each([
    ['no header', undefined],
    ['an empty one', ''],
    ['two of the name, alike or not', `__Host-sallyport=${value}; __Host-sallyport=${value}`],
    ['one and a broken one', `__Host-sallyport=${value}; __Host-sallyport=x`],
    ['another letter case', `__host-sallyport=${value}`],
    ['the plain name on https', `sallyport=${value}`],
    ['a name that ends like ours', `x__Host-sallyport=${value}`],
    ['a longer value', `__Host-sallyport=${value}A`],
    ['a quoted value', `__Host-sallyport="${value}"`],
    ['another alphabet', `__Host-sallyport=${'ä'.repeat(43)}`],
    ['nothing behind the name', '__Host-sallyport'],
  ])('is not read from %s', (_, header) => expect(onHttps.read(header)).toBeNull())

  it('is found whatever else the header holds, unless that is a second one', () => {
    const others = fc.array(fc.string().filter((text) => !/;|^\s*__Host-sallyport=/.test(text)))
    fc.assert(
      fc.property(others, others, (before, after) => {
        const header = [...before, `__Host-sallyport=${value}`, ...after].join(';')
        expect(onHttps.read(header)).toBe(value)
        expect(onHttps.read(`${header};__Host-sallyport=${value}`)).toBeNull()
      }),
    )
  })
})
