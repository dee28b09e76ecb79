import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Booted, BootOrder, MemorySample, Order, Reply } from './gateway-orders.ts'

/** A gateway in another process. */
export interface ChildGateway extends Booted {
  /** Why the process is gone; null while it runs. */
  readonly died: string | null
  /** The last lines it wrote on standard error: failures of its own, and what a crash says. */
  readonly complaints: readonly string[]
  sample(): Promise<MemorySample>
  usage(): Promise<Pick<MemorySample, 'rss' | 'heapUsed' | 'external' | 'arrayBuffers'>>
  advance(ms: number): Promise<void>
  sessions(): Promise<number>
  stop(): Promise<void>
}

/** Starts it with a heap of at most `heapMb` megabytes. */
export async function startChildGateway(
  boot: Omit<BootOrder, 'kind'>,
  heapMb: number,
): Promise<ChildGateway> {
  const child = fork(join(import.meta.dirname, 'gateway-process.ts'), {
    execPath: process.execPath,
    execArgv: [`--max-old-space-size=${heapMb}`, '--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const complaints: string[] = []
  let died: string | null = null
  let orders = 0
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints.push(...text.split('\n').filter((line) => line !== ''))
    complaints.splice(0, Math.max(0, complaints.length - 200))
  })
  child.on('message', (reply: Reply) => {
    const asker = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('failed' in reply) asker?.reject(new Error(reply.failed))
    else asker?.resolve(reply.value)
  })
  child.on('exit', (code, signal) => {
    died = `the gateway's process ended (code ${code}, signal ${signal})`
    for (const { reject } of waiting.values()) reject(new Error(`${died}\n${complaints.join('\n')}`))
    waiting.clear()
  })
  const ask = <Answer>(order: Order) =>
    new Promise<Answer>((resolve, reject) => {
      if (died !== null) return reject(new Error(died))
      orders += 1
      waiting.set(orders, { resolve: (value) => resolve(value as Answer), reject })
      return void child.send({ id: orders, order })
    })
  const booted = await ask<Booted>({ kind: 'boot', ...boot })
  return {
    ...booted,
    get died() {
      return died
    },
    complaints,
    sample: () => ask({ kind: 'sample' }),
    usage: () => ask({ kind: 'usage' }),
    advance: (ms) => ask({ kind: 'advance', ms }),
    sessions: () => ask({ kind: 'sessions' }),
    async stop() {
      if (died !== null) return
      await ask({ kind: 'stop' })
      const over = once(child, 'exit')
      child.disconnect()
      await over
    },
  }
}
