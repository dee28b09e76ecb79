import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { AppendAnswer, AppendOrder, AppendPlace } from './sqlite-append-thread.ts'
import { sqliteFailure } from './sqlite-failure.ts'
import { storeFailure } from './store-failure.ts'

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * A thread with a connection of its own that inserts batches. It is started with the first one. What it commits changes
 * `data_version` for everybody else, as what another process commits does.
 */
export class SqliteAppender {
  readonly #place: AppendPlace
  #worker: Worker | null = null
  #closed = false
  /** The orders it has not answered, in their order. */
  #waiting: Waiting[] = []

  constructor(path: string, file: string | null) {
    this.#place = { path, file }
  }

  get isRunning(): boolean {
    return this.#worker !== null
  }

  /**
   * Inserts all or none; resolves once they are committed. Rejects with a `Failure`. Rows in shared memory are not
   * copied: they must stay as they are until then.
   */
  insert(sql: string, rows: Buffer): Promise<void> {
    if (this.#closed)
      return Promise.reject(
        storeFailure('store_unreachable', 'The store is closed', 'start the program again'),
      )
    const worker = this.#worker ?? this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      worker.ref()
      worker.postMessage({ sql, rows } satisfies AppendOrder, [])
    })
  }

  /** Ends the thread, after what it was given. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === null) return
    const ended = once(worker, 'exit')
    worker.ref()
    worker.postMessage('close', [])
    await ended
  }

  #start(): Worker {
    // Sources and what is built of them have other endings.
    const file = new URL(`./sqlite-append-thread${extname(import.meta.url)}`, import.meta.url)
    const worker = new Worker(file, { workerData: this.#place, env: {}, execArgv: [] })
    worker.unref()
    worker.on('message', (failure: AppendAnswer) => {
      const order = this.#waiting.shift()
      if (this.#waiting.length === 0) worker.unref()
      if (failure === null) order?.resolve()
      else order?.reject(sqliteFailure(Object.assign(new Error(failure.message), failure)))
    })
    let cause: unknown = null
    worker.on('error', (error) => {
      cause = error
    })
    worker.once('exit', () => {
      this.#worker = null
      const lost = this.#waiting
      this.#waiting = []
      const failure = storeFailure('store_unreachable', 'The thread that writes has ended', 'try again', {
        cause,
      })
      for (const { reject } of lost) reject(failure)
    })
    this.#worker = worker
    return worker
  }
}
