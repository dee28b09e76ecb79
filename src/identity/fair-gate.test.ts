import { describe, expect, it } from 'vitest'
import { createFairGate } from './fair-gate.ts'

const options = { width: 1, mostWaitingInGroup: 3, mostWaiting: 5 }

/** Work that waits to be let go, in a gate; says in which order it began. */
function scene(more: Partial<typeof options> = {}) {
  const gate = createFairGate({ ...options, ...more })
  const began: string[] = []
  const running: (() => void)[] = []
  const enter = (group: string, name: string) =>
    gate.run(group, () => {
      began.push(name)
      return new Promise<string>((resolve) => running.push(() => resolve(name)))
    })
  const turn = () => new Promise(setImmediate)
  const finishOne = async () => {
    running.shift()?.()
    await turn()
  }
  return { enter, began, running, turn, finishOne }
}

describe('the gate', () => {
  it('runs as many at once as it is wide', async () => {
    const { enter, running, turn } = scene({ width: 2 })
    for (const name of ['a', 'b', 'c']) void enter('g', name)
    await turn()
    expect(running).toHaveLength(2)
  })

  it('lets groups take turns, so that a flood delays the others by one piece each', async () => {
    const { enter, began, finishOne, turn } = scene()
    for (const name of ['flood1', 'flood2', 'flood3', 'flood4']) void enter('flood', name)
    void enter('else', 'else1')
    await turn()
    for (let piece = 0; piece < 5; piece += 1) await finishOne()
    expect(began).toEqual(['flood1', 'flood2', 'else1', 'flood3', 'flood4'])
  })

  it('refuses the flood and nobody else', async () => {
    const { enter, turn } = scene()
    for (const name of ['1', '2', '3', '4']) void enter('flood', name)
    await turn()
    expect(await enter('flood', '5')).toBeNull()
    void enter('b', 'b')
    void enter('c', 'c')
    expect(await enter('d', 'd')).toBeNull()
  })

  it('goes on after work that failed', async () => {
    const gate = createFairGate(options)
    await expect(gate.run('g', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await gate.run('g', () => Promise.resolve('yes'))).toBe('yes')
  })
})
