import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOpenStreams, EventStream } from './event-stream.ts'

/** Stands in for the socket's side of a stream: what is written, and whether its buffer is full. */
function stream({ full = false, awaited = false } = {}) {
  const written: string[] = []
  let ended = false
  const response = {
    writableNeedDrain: full,
    write: (text: string) => written.push(text),
    end: () => {
      ended = true
    },
  }
  const events = new EventStream(response as unknown as ServerResponse, { awaited })
  return { events, written, isEnded: () => ended }
}
const after = (...chunks: string[]) => {
  const { events } = stream()
  for (const chunk of chunks) events.note(Buffer.from(chunk))
  return events.atBoundary
}

describe('T44: the end of an event', () => {
  it.each([
    [[]],
    [['data: x\n\n']],
    [['data: x\r\n\r\n']],
    [['data: x\r\r']],
    [['data: x\n', '\n']],
    [['data: x\r', '\n', '\r', '\n']],
    [[': comment\n\n']],
    [['data: x\n\ndata: y\n\n']],
    [['a', '\n', '\n']],
  ])('%j is one', (chunks) => expect(after(...chunks)).toBe(true))

  it.each([
    [['data: x']],
    [['data: x\n']],
    [['data: x\r\n']],
    [['data: x\n\ndata: y']],
    [['data: x\n\n', 'd']],
    [['\n']],
    [['data: \\n\\n']],
    [['d', 'a', 't', 'a', '\n', ':']],
  ])('%j is none', (chunks) => expect(after(...chunks)).toBe(false))
})

describe('T44: keep-alive', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const comment = ': keep-alive\n\n'

  it('says something only after a whole interval of silence', () => {
    const { events, written } = stream()
    createOpenStreams(15).open(events)
    vi.advanceTimersByTime(15_000)
    expect(written).toEqual([])
    vi.advanceTimersByTime(15_000)
    expect(written).toEqual([comment])
    events.note(Buffer.from('data: x\n\n'))
    vi.advanceTimersByTime(15_000)
    expect(written).toEqual([comment])
    vi.advanceTimersByTime(15_000)
    expect(written).toEqual([comment, comment])
  })

  it('never tears an event, and never fills a buffer nobody reads', () => {
    const torn = stream()
    const slow = stream({ full: true })
    const streams = createOpenStreams(1)
    streams.open(torn.events)
    streams.open(slow.events)
    torn.events.note(Buffer.from('data: half'))
    vi.advanceTimersByTime(60_000)
    expect([torn.written, slow.written]).toEqual([[], []])
  })

  it('has one timer, and none when nothing is open', () => {
    const streams = createOpenStreams(1)
    const all = [stream(), stream()].map(({ events }) => streams.open(events))
    expect([streams.count, vi.getTimerCount()]).toEqual([2, 1])
    for (const one of all) streams.closed(one)
    expect([streams.count, vi.getTimerCount()]).toEqual([0, 0])
    for (const one of all) streams.closed(one)
    streams.open(stream().events)
    expect(vi.getTimerCount()).toBe(1)
  })
})

it('ends what is open and waits for nothing, and no other', () => {
  const streams = createOpenStreams(1)
  const [open, closed, awaited] = [stream(), stream(), stream({ awaited: true })]
  streams.open(open.events)
  streams.open(awaited.events)
  streams.closed(streams.open(closed.events))
  streams.endAll()
  expect([open, closed, awaited].map((one) => one.isEnded())).toEqual([true, false, false])
})
