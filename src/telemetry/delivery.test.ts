import { describe, expect, it, vi } from 'vitest'
import { DeliveryQueue } from './delivery.ts'
import type { Delivered, DropReason } from './delivery.ts'

function queue(answers: Delivered[], first: Promise<Delivered> | 'hangs' | null = null) {
  const sent: number[][] = []
  const dropped = { queue_full: 0, send_failed: 0, closed: 0 } satisfies Record<DropReason, number>
  const made = new DeliveryQueue({
    opening: '[',
    closing: ']',
    send(body, signal) {
      sent.push(JSON.parse(body.toString()) as number[])
      if (first instanceof Promise && sent.length === 1) return first
      if (first !== 'hangs') return Promise.resolve(answers.shift() ?? 'taken')
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve('again'))
      })
    },
    onDropped(reason, items) {
      dropped[reason] += items
    },
  })
  const add = (from: number, to = from) => {
    for (let item = from; item <= to; item += 1) made.add(String(item), item < 0)
  }
  return { made, add, sent, dropped }
}

const none = { queue_full: 0, send_failed: 0, closed: 0 }

describe('a queue', () => {
  it('gives up its oldest batch when it is full, and counts each item once', async () => {
    const { made, add, sent, dropped } = queue([], 'hangs')
    add(1, 512)
    add(1001, 1000 + 4096)
    expect(dropped).toEqual(none)
    add(9999)
    expect(dropped).toEqual({ ...none, queue_full: 512 })
    await made.close(0)
    expect(sent[0]).toHaveLength(512)
    expect(dropped).toEqual({ queue_full: 512, send_failed: 512, closed: 4096 - 512 + 1 })
  })

  it('keeps what lasts when it gives up others, and the order of the rest', async () => {
    const gate = Promise.withResolvers<Delivered>()
    const { made, add, sent, dropped } = queue([], gate.promise)
    add(1, 512)
    add(-1)
    add(1000, 5999)
    gate.resolve('taken')
    await made.close(10_000)
    const rest = sent.slice(1).flat()
    expect(rest.length + dropped.queue_full).toBe(5001)
    expect(rest.length).toBeGreaterThan(4096 - 512)
    expect(rest).toEqual(expect.arrayContaining([-1, 5999]))
    expect(rest).toEqual(rest.toSorted((a, b) => a - b))
    expect(dropped.queue_full % 512).toBe(0)
  })

  it('writes no batch over the one that went just before: a receiver may answer before it has read it', async () => {
    const bodies: Buffer[] = []
    const gates = [Promise.withResolvers<Delivered>(), Promise.withResolvers<Delivered>()]
    const made = new DeliveryQueue({
      opening: '[',
      closing: ']',
      send(body) {
        bodies.push(body)
        return gates[bodies.length - 1]?.promise ?? Promise.resolve('taken')
      },
      onDropped() {},
    })
    const add = (from: number) => {
      for (let item = from; item < from + 512; item += 1) made.add(String(item), false)
    }
    const read = (place: number) => (JSON.parse(bodies[place]?.toString() ?? '[]') as number[])[0]
    add(0)
    gates[0]?.resolve('taken')
    await vi.waitFor(() => expect(bodies).toHaveLength(1))
    add(1000)
    await vi.waitFor(() => expect(bodies).toHaveLength(2))
    add(2000)
    expect([read(0), read(1)]).toEqual([0, 1000])
    gates[1]?.resolve('taken')
    await vi.waitFor(() => expect(bodies).toHaveLength(3))
    add(3000)
    await vi.waitFor(() => expect(bodies).toHaveLength(4))
    // The bytes of the first are used again once the second was taken; those of the last one sent are not.
    expect([read(1), read(2), read(3)]).toEqual([1000, 2000, 3000])
    expect(bodies[3]?.buffer).toBe(bodies[0]?.buffer)
    await made.close(1000)
  })

  it('writes items of any length', async () => {
    const { made, sent } = queue([])
    const long = '1'.repeat(300)
    for (let item = 0; item < 200; item += 1) made.add(long, false)
    await made.close(1000)
    expect(sent).toEqual([Array.from({ length: 200 }, () => Number(long))])
  })

  it('sends the same bytes again', async () => {
    const { made, add, sent } = queue(['again'])
    add(1, 2)
    await made.close(1000)
    expect(sent).toEqual([
      [1, 2],
      [1, 2],
    ])
  })

  it('takes nothing after its end, and says so', async () => {
    const { made, add, sent, dropped } = queue([])
    add(1)
    await made.close(1000)
    add(2)
    expect([sent, dropped]).toEqual([[[1]], { ...none, closed: 1 }])
  })

  it('at its end tries again while there is time', async () => {
    const { made, add, sent, dropped } = queue(['again', 'again', 'taken'])
    add(1)
    await made.close(3000)
    expect([sent.length, dropped]).toEqual([3, none])
  })

  it('is over at once when it is empty', async () => {
    const { made, sent } = queue([])
    await made.close(60_000)
    expect(sent).toEqual([])
  })
})
