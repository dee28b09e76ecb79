import { expect, it } from 'vitest'
import { pageFields } from './page-fields.ts'

function policy(formAction: readonly string[], script = false): string {
  const fields = pageFields({ formAction, script })
  return fields[fields.indexOf('Content-Security-Policy') + 1] ?? ''
}

const formActionOf = (...sources: string[]) => /form-action ([^;]*)/.exec(policy(sources))?.[1]

it('runs no script and no style but our own, and lets nobody frame a page', () => {
  expect(policy([])).toBe(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  )
  expect(policy([], true)).toContain("script-src 'self';")
})

it('T53: names the origin, or the scheme, of the client that waits', () => {
  expect(formActionOf('https://app.example')).toBe("'self' https://app.example")
  expect(formActionOf('http://127.0.0.1:33418')).toBe("'self' http://127.0.0.1:33418")
  expect(formActionOf('cursor:')).toBe("'self' cursor:")
  expect(formActionOf('com.example.app:')).toBe("'self' com.example.app:")
})

it('says the scheme for an IPv6 literal, which the grammar of the policy lacks', () => {
  expect(formActionOf('http://[::1]:3000')).toBe("'self' http:")
})

it.each([
  'https://a.example; script-src *',
  "'unsafe-inline'",
  '*',
  'https:',
  'http:',
  'javascript:',
  'data:',
  'https://*.example',
  'https://a.example/path',
  'https://a.example\r\nX: y',
  '',
])('leaves out %j', (source) => expect(formActionOf(source)).toBe("'self'"))
