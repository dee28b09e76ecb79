import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EndedRequests } from './ended-requests.ts'
import type { EndedRequest } from './ended-requests.ts'

function gathering() {
  const told: number[] = []
  const ended = new EndedRequests(({ at }) => void told.push(at))
  // Only the moment is read here; the rest of a request is the observers' business.
  const add = (at: number, content: object | null = null) =>
    ended.add({ at, call: { content } } as EndedRequest)
  return { ended, add, told }
}

describe('requests that are over', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('are told of within 50 ms, each once and in their order', () => {
    const { add, told } = gathering()
    add(1)
    add(2)
    vi.advanceTimersByTime(49)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told).toEqual([1, 2])
    add(3)
    vi.advanceTimersByTime(50)
    expect(told).toEqual([1, 2, 3])
  })

  it('do not wait when there are many', () => {
    const { add, told } = gathering()
    for (let n = 1; n <= 130; n += 1) add(n)
    expect(told).toHaveLength(128)
    vi.advanceTimersByTime(50)
    expect(told.at(-1)).toBe(130)
  })

  it('do not wait with arguments and results in memory', () => {
    const { add, told } = gathering()
    add(1)
    add(2, {})
    expect(told).toEqual([1, 2])
  })

  it('are told of when somebody asks, and not again', () => {
    const { ended, add, told } = gathering()
    add(1)
    ended.tellAll()
    ended.tellAll()
    vi.advanceTimersByTime(100)
    expect(told).toEqual([1])
  })
})
