/** Lets work run a few pieces at a time, in turn by group. */
export interface FairGate {
  /** Runs it when its turn comes; null at once when too much waits, of its group or in all. */
  run<Result>(group: string, work: () => Promise<Result>): Promise<Result | null>
}

export interface FairGateOptions {
  /** Pieces that run at once. */
  readonly width: number
  readonly mostWaitingInGroup: number
  readonly mostWaiting: number
}

/**
 * A gate in front of expensive work. Groups take turns, so that a flood from one address delays the others by one piece
 * at a time, and refuses only its own.
 */
export function createFairGate({ width, mostWaitingInGroup, mostWaiting }: FairGateOptions): FairGate {
  /** Waiting pieces by group; the group whose turn is next comes first. */
  const queues = new Map<string, (() => void)[]>()
  let waiting = 0
  let running = 0

  const enter = (group: string): Promise<void> | null => {
    if (running < width) {
      running += 1
      return Promise.resolve()
    }
    const queue = queues.get(group) ?? []
    if (waiting >= mostWaiting || queue.length >= mostWaitingInGroup) return null
    queues.set(group, queue)
    waiting += 1
    return new Promise((resolve) => queue.push(resolve))
  }
  const leave = () => {
    const [next] = queues
    if (next === undefined) {
      running -= 1
      return
    }
    const [group, queue] = next
    const begin = queue.shift()
    queues.delete(group)
    // Behind all others now: their turn comes before its next piece.
    if (queue.length > 0) queues.set(group, queue)
    waiting -= 1
    begin?.()
  }
  return {
    async run(group, work) {
      const entered = enter(group)
      if (entered === null) return null
      await entered
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
