import { expect, it } from 'vitest'
import { anonymous } from '../principal/principal.ts'
import type { ExternalPrincipal } from '../principal/principal.ts'
import { FirstSeen } from './first-seen.ts'

const caller = (subject: string, issuer = 'a'): ExternalPrincipal => ({
  kind: 'external',
  issuer,
  subject,
  workspace: 'w',
})

it('tells the first request of each caller and client', () => {
  const seen = new FirstSeen()
  const asked = [
    seen.isFirst(caller('1'), 'zed'),
    seen.isFirst(caller('1'), 'zed'),
    seen.isFirst(caller('1'), 'cursor'),
    seen.isFirst(caller('1', 'b'), 'zed'),
    seen.isFirst(anonymous, 'zed'),
    seen.isFirst(anonymous, 'zed'),
  ]
  expect(asked).toEqual([true, false, true, true, true, false])
})

it('is bounded, and forgets who was away for the longest', () => {
  const seen = new FirstSeen()
  for (let place = 0; place < 10_000; place += 1) seen.isFirst(caller(String(place)), 'zed')
  expect(seen.isFirst(caller('0'), 'zed')).toBe(false)
  seen.isFirst(caller('new'), 'zed')
  expect(seen.isFirst(caller('0'), 'zed')).toBe(false)
  expect(seen.isFirst(caller('1'), 'zed')).toBe(true)
})
