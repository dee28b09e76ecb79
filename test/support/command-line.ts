import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))

/** What one run of the command line said. */
export interface CommandOutcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export type Variables = Readonly<Record<string, string>>

/** The command line as a process of its own, in a folder of its own. */
export interface CommandLine {
  readonly folder: string
  run(args: readonly string[], variables?: Variables): Promise<CommandOutcome>
  /** Runs with the text on standard input. */
  pipe(text: string, args: readonly string[]): Promise<CommandOutcome>
  /** Runs with `--json` and parses standard output; throws unless the exit code is 0. */
  json<Answer>(args: readonly string[]): Promise<Answer>
  start(args: readonly string[], variables?: Variables): RunningCommand
  close(): Promise<void>
}

/** A command that goes on running. */
export interface RunningCommand {
  readonly process: ChildProcess
  /** The first line of standard output. */
  readonly firstLine: Promise<string>
  /** Everything it said, once it has ended. */
  readonly ended: Promise<CommandOutcome>
  /** Resolves when standard error contains the text. */
  said(text: string): Promise<void>
}

export async function openCommandLine(): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-command-'))
  const running = new Set<ChildProcess>()
  const start = (args: readonly string[], variables: Variables = {}, input = '') => {
    const command = startCommand(folder, args, variables, input)
    running.add(command.process)
    void command.ended.then(() => running.delete(command.process))
    return command
  }
  const run = (args: readonly string[], variables?: Variables) => start(args, variables).ended
  return {
    folder,
    run,
    start,
    pipe: (text, args) => start(args, {}, text).ended,
    async json<Answer>(args: readonly string[]) {
      const { code, out, err } = await run([...args, '--json'])
      if (code !== 0) throw new Error(`${args.join(' ')} exited ${code}: ${err}`)
      return JSON.parse(out) as Answer
    },
    async close() {
      for (const process of running) process.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function startCommand(
  folder: string,
  args: readonly string[],
  variables: Variables,
  input: string,
): RunningCommand {
  // Only what a shell needs: the variables of whoever runs the tests are none of the command's business.
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, ...variables }
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A command that refuses its arguments reads nothing.
  child.stdin.on('error', () => {}).end(input)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = once(child, 'close').then(([code]): CommandOutcome => ({
    code: code as number | null,
    out,
    err,
  }))
  const lines = createInterface({ input: child.stdout })
  const firstLine = Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    ended.then(({ code }) => Promise.reject(new Error(`it exited ${code} without a line: ${err}`))),
  ])
  firstLine.catch(() => {})
  const said = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!err.includes(text)) return
        child.stderr.off('data', look)
        resolve()
      }
      child.stderr.on('data', look)
      look()
    })
  return { process: child, firstLine, ended, said }
}
