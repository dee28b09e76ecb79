import { describe, expect, it } from 'vitest'
import { DeliveryQueue } from './delivery.ts'
import type { Delivered, DropReason } from './delivery.ts'

function queue(answers: Delivered[], first: Promise<Delivered> | 'hangs' | null = null) {
  const sent: number[][] = []
  const dropped: [DropReason, number][] = []
  const made = new DeliveryQueue<number>({
    encode: (batch) => Buffer.from(JSON.stringify(batch)),
    send(body, signal) {
      sent.push(JSON.parse(body.toString()) as number[])
      if (first instanceof Promise && sent.length === 1) return first
      if (first !== 'hangs') return Promise.resolve(answers.shift() ?? 'taken')
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve('again'))
      })
    },
    onDropped: (reason, items) => dropped.push([reason, items]),
    isLasting: (item) => item < 0,
  })
  return { made, sent, dropped }
}

describe('a queue', () => {
  it('gives up the oldest when it is full, and what lasts last', async () => {
    const { made, sent, dropped } = queue([], 'hangs')
    for (let item = 1; item <= 256; item += 1) made.add(item)
    made.add(-1)
    for (let item = 1000; item < 1000 + 4096; item += 1) made.add(item)
    expect(dropped).toEqual([['queue_full', 1]])
    await made.close(0)
    expect(sent[0]).toHaveLength(256)
    expect(dropped).toEqual([
      ['queue_full', 1],
      ['send_failed', 256],
      ['closed', 4096],
    ])
  })

  it('keeps what lasts when it gives up others, and the order of the rest', async () => {
    const gate = Promise.withResolvers<Delivered>()
    const { made, sent } = queue([], gate.promise)
    for (let item = 1; item <= 256; item += 1) made.add(item)
    made.add(-1)
    for (let item = 1000; item < 1000 + 5000; item += 1) made.add(item)
    gate.resolve('taken')
    await made.close(10_000)
    const rest = sent.slice(1).flat()
    expect(rest).toHaveLength(4096)
    expect(rest.slice(0, 2)).toEqual([-1, 1905])
    expect(rest.at(-1)).toBe(5999)
  })

  it('sends the same bytes again', async () => {
    const { made, sent } = queue(['again'])
    made.add(1)
    made.add(2)
    await made.close(1000)
    expect(sent).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  it('takes nothing after its end, and says so', async () => {
    const { made, sent, dropped } = queue([])
    made.add(1)
    await made.close(1000)
    made.add(2)
    expect([sent, dropped]).toEqual([[[1]], [['closed', 1]]])
  })

  it('at its end tries again while there is time', async () => {
    const { made, sent, dropped } = queue(['again', 'again', 'taken'])
    made.add(1)
    await made.close(3000)
    expect([sent.length, dropped]).toEqual([3, []])
  })

  it('is over at once when it is empty', async () => {
    const { made, sent } = queue([])
    await made.close(60_000)
    expect(sent).toEqual([])
  })
})
