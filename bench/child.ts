import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

/** Which core a child is kept on; null leaves that to the system. */
export type Core = 0 | 1 | null

const hasTaskset = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0

export const canPin = hasTaskset

export interface ChildOptions {
  readonly core: Core
  readonly nodeFlags?: readonly string[]
  readonly directory?: string
}

/** A process of the benchmark: one file of this folder, asked over Node's channel. */
export class Child {
  readonly #process: ChildProcess
  readonly #exited: Promise<void>
  #output = ''
  #failure: Error | null = null

  constructor(file: string, args: readonly string[], { core, nodeFlags = [], directory }: ChildOptions) {
    const node = [process.execPath, ...nodeFlags, join(import.meta.dirname, file), ...args]
    const [command = '', ...rest] = core === null || !canPin ? node : ['taskset', '-c', `${core}`, ...node]
    this.#process = spawn(command, rest, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(directory === undefined ? {} : { cwd: directory }),
    })
    const said: string[] = []
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
    this.#exited = new Promise((resolve) => {
      this.#process.once('close', (code) => {
        if (code !== 0) this.#failure = new Error(`${file} ended with ${code}: ${said.join('').trim()}`)
        resolve()
      })
    })
  }

  /** Sends an order and waits for the answer; null only waits. Rejects when the child ends first. */
  ask(order: object | string | null): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onMessage = (answer: unknown) => {
        this.#process.off('close', onClose)
        resolve(answer)
      }
      const onClose = () => {
        this.#process.off('message', onMessage)
        reject(this.#failure ?? new Error('the process has ended'))
      }
      this.#process.once('message', onMessage)
      this.#process.once('close', onClose)
      if (order !== null) this.#process.send(order)
    })
  }

  /** The first JSON object it prints on a line; V8's own flags may make it say other things before. */
  async firstObject(): Promise<unknown> {
    for (;;) {
      const line = /^\{.*\}$/m.exec(this.#output)?.[0]
      if (line !== undefined) return JSON.parse(line) as unknown
      if (this.#process.exitCode !== null) throw this.#failure ?? new Error('it ended without a word')
      await new Promise((resolve) => {
        setTimeout(resolve, 20)
      })
    }
  }

  /** What it printed until it ended by itself; rejects when it failed. */
  async output(): Promise<string> {
    await this.#exited
    if (this.#failure !== null) throw this.#failure
    return this.#output
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    await this.#exited
  }
}
