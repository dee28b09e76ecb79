import { expect, it } from 'vitest'
import { EventGathering } from './event-gathering.ts'
import type { EventRecord } from './event.ts'

function gathering() {
  let now = 0
  const out: EventRecord[] = []
  const clock = { now: () => now, monotonic: () => now }
  const made = new EventGathering(clock, (record) => out.push(record))
  const take = (fields: EventRecord['fields']) =>
    made.take({ name: 'auth_rejected', fields, at: now, count: null }, ['reason', 'client'])
  const advance = (ms: number) => {
    now += ms
  }
  return { made, out, take, advance }
}

const refused = { reason: 'unknown_key', client: 'zed', auth_mode: 'api_key' }

it('T26: of one kind at most one leaves in ten seconds, and none is uncounted', () => {
  const { made, out, take, advance } = gathering()
  for (let second = 0; second < 25; second += 1) {
    for (let each = 0; each < 100; each += 1) take(refused)
    advance(1000)
  }
  made.end()
  expect(out.reduce((sum, { count }) => sum + (count ?? 0), 0)).toBe(2500)
  expect(out.length).toBeLessThanOrEqual(3)
  expect(out[0]).toMatchObject({ count: 1, fields: refused })
})

it('another kind is another event', () => {
  const { made, out, take } = gathering()
  take(refused)
  take({ ...refused, client: 'cursor' })
  take({ ...refused, reason: 'expired_key' })
  expect(out.map(({ count }) => count)).toEqual([1, 1, 1])
  made.end()
  expect(out).toHaveLength(3)
})

it('after ten quiet seconds the next goes at once', () => {
  const { made, out, take, advance } = gathering()
  take(refused)
  advance(10_000)
  take(refused)
  expect(out).toHaveLength(2)
  made.end()
})

it('a field in which the gathered differ is left out', () => {
  const { made, out, take } = gathering()
  take(refused)
  take(refused)
  take({ ...refused, auth_mode: 'none' })
  made.end()
  expect(out[1]).toMatchObject({ count: 2, fields: { reason: 'unknown_key', client: 'zed' } })
  expect(out[1]?.fields).not.toHaveProperty('auth_mode')
})
