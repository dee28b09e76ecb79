import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const root = resolve(import.meta.dirname, '../..')
const hook = join(root, 'test/flows/lifecycle-hook-process.ts')
const programs = {
  command: join(root, 'bin/sallyport.js'),
  embedded: join(root, 'test/flows/lifecycle-embedded-process.ts'),
}

export type Program = keyof typeof programs

/** A gateway as a process of its own, with every connection it opens written down. */
export interface ToldProcess {
  readonly process: ChildProcess
  /** What it says once it listens. */
  readonly said: Promise<Said>
  /** The port of the gateway, once it says that it listens. */
  readonly port: Promise<number>
  readonly ended: Promise<{ code: number | null; out: string; err: string; seconds: number }>
  /** What it has connected to so far. */
  sockets(): readonly string[]
}

interface Said {
  readonly listening?: string
  readonly gateway?: string
  readonly users?: readonly { readonly apiKey: string }[]
}

export interface ToldFolder {
  readonly path: string
  start(program: Program, args: readonly string[], variables?: Readonly<Record<string, string>>): ToldProcess
  close(): Promise<void>
}

/** A working folder for such processes, which ends them all. */
export async function openToldFolder(): Promise<ToldFolder> {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-told-'))
  const running = new Set<ChildProcess>()
  return {
    path,
    start(program, args, variables = {}) {
      const told = startTold(path, program, args, variables)
      running.add(told.process)
      void told.ended.then(() => running.delete(told.process))
      return told
    },
    async close() {
      for (const child of running) child.kill('SIGKILL')
      await rm(path, { recursive: true, force: true })
    },
  }
}

function startTold(
  folder: string,
  program: Program,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): ToldProcess {
  const file = join(folder, `sockets-${performance.now()}`)
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, SOCKETS_FILE: file, ...variables }
  const began = performance.now()
  const child = spawn(process.execPath, [`--import=${hook}`, programs[program], ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = once(child, 'close').then(([code]) => {
    return { code: code as number | null, out, err, seconds: (performance.now() - began) / 1000 }
  })
  const lines = createInterface({ input: child.stdout })
  const said = Promise.race([
    once(lines, 'line').then(([line]) => JSON.parse(String(line)) as Said),
    ended.then(({ code }) => Promise.reject(new Error(`it exited ${code} without a line: ${err}`))),
  ])
  const port = said.then(({ listening, gateway }) => Number(new URL(listening ?? gateway ?? '').port))
  said.catch(() => {})
  port.catch(() => {})
  const sockets = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
  return { process: child, said, port, ended, sockets }
}
