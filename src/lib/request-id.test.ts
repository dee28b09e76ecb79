import { expect, it } from 'vitest'
import { systemRandom } from './random.ts'
import { requestIds } from './request-id.ts'

it('gives each request an id of its own, also across processes', () => {
  const [one, other] = [requestIds(systemRandom), requestIds(systemRandom)]
  const ids = Array.from({ length: 2000 }, () => [one(), other()]).flat()
  expect(new Set(ids).size).toBe(4000)
  for (const id of ids) expect(id).toMatch(/^req_[0-9A-Za-z]{13,16}$/)
})
