import { expect, it } from 'vitest'
import { prefersJson, renderRefusalPage } from './refusal-page.ts'
import { createSite } from './site.ts'

it.each([
  [undefined, false],
  ['*/*', false],
  ['text/html,application/xhtml+xml,*/*;q=0.8', false],
  ['application/json', true],
  ['application/json, text/html;q=0.5', true],
  ['text/html, application/json;q=0.9', false],
  ['text/html, application/json', false],
  ['application/json;q=0', false],
  ['application/json;q=nonsense', false],
] as const)('Accept %j prefers JSON: %s', (accept, expected) => expect(prefersJson(accept)).toBe(expected))

const site = createSite(new URL('https://mcp.example.com'))

it('says what to do, the reason and the request id', () => {
  const { body } = renderRefusalPage(site, { refused: 'csrf_failed' }, 'req_7')
  expect(body).toContain('Please send that again')
  expect(body).toContain('<code>csrf_failed</code>')
  expect(body).toContain('<code>req_7</code>')
})

it('says how long to wait, in words', () => {
  const policy = { name: 'account', quota: 1, windowSeconds: 60 }
  const limit = { policy, decision: { allowed: false, remaining: 0, retryAfterSeconds: 120 } }
  expect(renderRefusalPage(site, { refused: 'rate_limited', limit }, 'req_7').body).toContain(
    'Wait 2 minutes',
  )
})

it('keeps what is for the log to itself', () => {
  const { body } = renderRefusalPage(
    site,
    { refused: 'internal', detail: 'stack of it', hint: 'no' },
    'req_7',
  )
  expect(body).not.toContain('stack of it')
})
