import { expect, it } from 'vitest'
import { readJson } from '../../test/support/otlp-read.ts'
import { JsonSpanBatch } from './otlp-json.ts'
import { SpanQueue } from './span-queue.ts'
import type { Span } from './span.ts'
import type { Delivery } from './span-transport.ts'

const span: Span = {
  traceId: '1'.repeat(32),
  spanId: '2'.repeat(16),
  parentSpanId: null,
  remoteParent: false,
  name: 'a',
  kind: 'server',
  startedAt: 0,
  endedAt: 0,
  attributes: [],
  links: [],
  failed: false,
}

function queueTo(send: (spans: number, signal: AbortSignal) => Promise<Delivery>) {
  const lost: Record<string, number> = {}
  const queue = new SpanQueue({
    newBatch: () => new JsonSpanBatch({ resource: [], scope: { name: 'a', version: '1' } }),
    send: (body, signal) => send(readJson(body).length, signal),
    onDropped(reason, spans) {
      lost[reason] = (lost[reason] ?? 0) + spans
    },
  })
  return { queue, lost }
}

/** Never settles but by the signal, as a collector that hangs. */
const hanging = (_: number, signal: AbortSignal) =>
  new Promise<Delivery>((resolve) => signal.addEventListener('abort', () => resolve('again')))

it('T26: is bounded, and what refused callers cause fills no more than half', () => {
  const { queue, lost } = queueTo(hanging)
  let refused = 0
  while (queue.hasRoom(1, true)) {
    queue.add(span)
    refused += 1
  }
  let others = 0
  while (queue.hasRoom(2, false)) {
    queue.add(span)
    queue.add(span)
    others += 2
  }
  // The first batch has left the queue: it is with the collector.
  expect([refused, others]).toEqual([2048 + 512, 2048])
  expect(lost).toEqual({ queue_full: 3 })
  return queue.close(0)
})

it('counts every span once: taken, refused, or lost at the end', async () => {
  const batches: number[] = []
  const { queue, lost } = queueTo((spans, signal) => {
    batches.push(spans)
    if (batches.length === 1) return Promise.resolve('taken')
    return batches.length === 2 ? Promise.resolve('refused') : hanging(spans, signal)
  })
  for (let count = 0; count < 2000; count += 1) queue.add(span)
  await queue.close(10)
  expect(batches).toEqual([512, 512, 512])
  expect(lost).toEqual({ send_failed: 1024, closed: 464 })
  expect(queue.hasRoom(2, false)).toBe(false)
  expect(lost).toEqual({ send_failed: 1024, closed: 466 })
})

it('at the end does not wait for a collector that asked to come later', async () => {
  let sent = 0
  const { queue, lost } = queueTo(() => {
    sent += 1
    return Promise.resolve('again')
  })
  for (let count = 0; count < 512; count += 1) queue.add(span)
  await Promise.resolve()
  await queue.close(60_000)
  expect(sent).toBeLessThanOrEqual(2)
  expect(lost).toEqual({ send_failed: 512 })
})
