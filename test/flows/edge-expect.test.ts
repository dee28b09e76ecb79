import { afterAll, beforeAll, expect, it } from 'vitest'
import { legacyCall, startEdge } from '../support/edge.ts'
import type { Edge, Fields } from '../support/edge.ts'
import { openRawConnection } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({ settings: { requests: { drainSeconds: 0 } } })
})
afterAll(() => edge.close())

const expecting: Fields = [['Expect', '100-continue']]
/** The head of a call whose body is still to come. */
const headOf = (body: string) => edge.post('', [...expecting, ['Content-Length', String(body.length)]])

it('Expect: 100-continue is answered, and the call goes on', async () => {
  const connection = await openRawConnection(edge.port)
  connection.send(headOf(legacyCall()))
  expect((await connection.next())?.status).toBe(100)
  connection.send(legacyCall())
  const exchange = await edge.upstream.next()
  exchange.json({})
  expect((await connection.next())?.status).toBe(200)
  connection.destroy()
})

it('behind another request it is answered in its turn', async () => {
  const connection = await edge.open(legacyCall(1))
  const first = await edge.upstream.next()
  connection.send(headOf(legacyCall(2)))
  first.json({ place: 1 })
  expect((await connection.next())?.body).toBe('{"place":1}')
  expect((await connection.next())?.status).toBe(100)
  connection.send(legacyCall(2))
  const second = await edge.upstream.next()
  second.json({ place: 2 })
  expect((await connection.next())?.body).toBe('{"place":2}')
  connection.destroy()
})

it('a client that does not wait for it gets every answer, and keeps its connection', async () => {
  const connection = await edge.open(legacyCall(1))
  const first = await edge.upstream.next()
  connection.send(edge.post(legacyCall(2), expecting) + edge.post(legacyCall(3)))
  for (let left = 2; left > 0; left -= 1) {
    const exchange = await edge.upstream.next()
    const { id } = JSON.parse(await exchange.body) as { id: number }
    exchange.json({ place: id })
    // The third has arrived, so all of the second has as well, while the first is still waited for.
    if (id === 3) first.json({ place: 1 })
  }
  const answers = [await connection.next(), await connection.next(), await connection.next()]
  answers.push(await connection.next())
  expect(answers.map((answer) => answer?.status)).toEqual([200, 100, 200, 200])
  expect(answers.map((answer) => answer?.body)).toEqual(['{"place":1}', '', '{"place":2}', '{"place":3}'])
  expect(answers.map((answer) => answer?.headers.get('connection'))).not.toContain('close')
  connection.destroy()
})

it('a client that leaves before its turn leaves nothing in flight', async () => {
  const before = edge.upstream.count
  const connection = await edge.open(legacyCall(1))
  const first = await edge.upstream.next()
  connection.send(edge.post(legacyCall(2), expecting) + edge.post(legacyCall(3)))
  await edge.upstream.next()
  connection.destroy()
  await first.closed
  await expect.poll(() => edge.metric('sallyport_requests_in_flight{route="/mcp"}')).toBe(0)
  expect(edge.upstream.count).toBe(before + 2)
})
