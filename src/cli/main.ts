import { existsSync, readFileSync, statSync, watchFile } from 'node:fs'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/load.ts'
import { configFailureCode } from '../config/tolerant.ts'
import type { TolerantSources } from '../config/tolerant.ts'
import type { LogLevel } from '../config/log-level.ts'
import { Failure } from '../lib/error.ts'
import { processSurroundings } from '../server/process-surroundings.ts'
import { redact } from '../telemetry/log.ts'
import { auditCommand } from './audit.ts'
import { clientsAdd, clientsApprove, clientsList, clientsReject, clientsRevoke } from './clients.ts'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { demoCommand } from './demo.ts'
import { doctorCommand } from './doctor.ts'
import { commandHelp, overview } from './help.ts'
import { keysCreate, keysList, keysRevoke, keysRotate } from './keys.ts'
import { migrateCommand } from './migrate.ts'
import { findCommand, parseArguments } from './parse-arguments.ts'
import type { ParsedArguments } from './parse-arguments.ts'
import { privacyCommand } from './privacy.ts'
import { serveCommand } from './serve.ts'
import { whoisCommand } from './whois.ts'
import {
  usersAdd,
  usersDisable,
  usersEnable,
  usersErase,
  usersList,
  usersSetPassword,
  usersSignOut,
} from './users.ts'

const commands: readonly Command[] = [
  serveCommand,
  demoCommand,
  usersAdd,
  usersSetPassword,
  usersList,
  usersDisable,
  usersEnable,
  usersSignOut,
  usersErase,
  keysCreate,
  keysList,
  keysRotate,
  keysRevoke,
  clientsAdd,
  clientsList,
  clientsApprove,
  clientsReject,
  clientsRevoke,
  privacyCommand,
  whoisCommand,
  auditCommand,
  doctorCommand,
  migrateCommand,
]

const print = (line: string) => void process.stdout.write(`${line}\n`)
const note = (line: string) => void process.stderr.write(`${line}\n`)

/** Runs the program; answers its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // A reader of our output that went away ends no gateway.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  try {
    await run(args)
    return 0
  } catch (error) {
    note(complaint(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function run(args: readonly string[]): Promise<void> {
  if (args.length === 0 || args[0] === 'help' || args[0] === '--help' || args[0] === '-h')
    return print(overview(commands))
  if (args[0] === '--version') return print(processSurroundings('silent').version.version)
  const command = findCommand(commands, args)
  const family = commands.filter(({ name }) => name.startsWith(`${args[0]} `))
  if (command === undefined && family.length > 0 && args.some((arg) => arg === '--help' || arg === '-h')) {
    return print(overview(family))
  }
  if (command === undefined) {
    throw new UsageError(
      `${JSON.stringify(args.slice(0, 2).join(' '))} is no command`,
      'see sallyport --help',
    )
  }
  const parsed = parseArguments(command, args)
  if (parsed.help) return print(commandHelp(command))
  const config = lazily(() => configFrom(parsed))
  await command.run({
    input: parsed.input,
    config,
    configSources: () => configSources(parsed),
    onConfigChange: (take) => watchConfig(parsed, take),
    surroundings: processSurroundings(logLevel(config)),
    print,
    note,
    readInput,
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    stopRequested,
    onCrash,
    workingFolder: process.cwd(),
  })
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length
    chunks.push(chunk)
    if (size > 65_536) break
  }
  return Buffer.concat(chunks).subarray(0, 65_536).toString('utf8')
}

function configFrom(parsed: ParsedArguments): Config {
  const name = configFileOf(parsed)
  const file = name === null ? null : { name, source: readConfigSource(name) }
  const outcome = loadConfig({ ...sourcesBesidesFile(parsed), file })
  if ('config' in outcome) return outcome.config
  const fix = 'correct the options named; docs/reference/configuration.md lists them all'
  const said = outcome.problems.join('; ')
  // Every complaint is about a flag: the arguments are wrong, not the configuration.
  if (outcome.problems.every((problem) => problem.startsWith('--'))) {
    throw new UsageError(said, 'see sallyport COMMAND --help')
  }
  const code = configFailureCode(outcome.problems)
  throw new Failure({ code, status: 500, message: `the configuration cannot be used: ${said}`, fix })
}

function sourcesBesidesFile({ optionFlags, upstreamFlags }: ParsedArguments) {
  const readSecretFile = (path: string) => readFileSync(path, 'utf8')
  return { flags: optionFlags, upstreamFlags, environment: process.env, readSecretFile }
}

function configSources(parsed: ParsedArguments): TolerantSources {
  const name = configFileOf(parsed)
  const others = sourcesBesidesFile(parsed)
  if (name === null) return { ...others, file: null, fileUnreadable: false }
  try {
    return { ...others, file: { name, source: readConfigSource(name) }, fileUnreadable: false }
  } catch {
    return { ...others, file: null, fileUnreadable: true }
  }
}

/** Editors and orchestrators replace files rather than write them: the path is looked at, not the file. */
function watchConfig(parsed: ParsedArguments, take: (next: Config | Failure) => void): void {
  const read = () => {
    try {
      take(configFrom(parsed))
    } catch (error) {
      // A callback of the process: whatever is wrong with a file must not end a gateway that runs.
      take(error instanceof Failure ? error : unreadable(error))
    }
  }
  process.on('SIGHUP', read)
  const file = configFileOf(parsed)
  if (file !== null)
    watchFile(file, { interval: 1000, persistent: false }, (now, before) => {
      if (now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size) return
      settle(file, now.size, now.mtimeMs, read)
    })
}

/** Waits until a file that was written to has been left alone for a moment: half a file is not a configuration. */
function settle(file: string, size: number, time: number, then: () => void): void {
  setTimeout(() => {
    const now = statSync(file, { throwIfNoEntry: false })
    if (now === undefined) return
    if (now.size === size && now.mtimeMs === time) then()
    else settle(file, now.size, now.mtimeMs, then)
  }, 500).unref()
}

function unreadable(cause: unknown): Failure {
  const message = 'the configuration cannot be read'
  return new Failure({ code: 'config_unreadable', status: 500, message, fix: 'run sallyport doctor', cause })
}

function configFileOf({ configFile }: ParsedArguments): string | null {
  return configFile ?? (existsSync('sallyport.yaml') ? 'sallyport.yaml' : null)
}

function readConfigSource(name: string): string {
  try {
    return readFileSync(name, 'utf8')
  } catch (cause) {
    const message = `the configuration file ${name} cannot be read`
    throw new Failure({ code: 'config_unreadable', status: 500, message, fix: 'check --config', cause })
  }
}

/** A configuration that cannot be read is the command's to complain of; until then the log has its default. */
function logLevel(config: () => Config): LogLevel {
  try {
    return config().settings['log.level']
  } catch {
    return 'info'
  }
}

/** `sallyport: WHAT: HOW TO FIX`. An error nobody foresaw shows its message, redacted. */
function complaint(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error)
  const fix = error instanceof UsageError || error instanceof Failure ? error.fix : undefined
  const stack =
    error instanceof Failure || error instanceof UsageError || !(error instanceof Error)
      ? ''
      : `\n${error.stack}`
  return redact(`sallyport: ${what}: ${fix ?? 'this should not happen; please report it'}${stack}`)
}

/**
 * From the first call on, SIGTERM and SIGINT no longer end the process: the command does, in bounded time. Further ones
 * change nothing: npm passes on the interrupt that the terminal has sent already.
 */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    process.on('SIGTERM', () => resolve())
    process.on('SIGINT', () => resolve())
  })
}

/** Node hands over unhandled rejections here too. The first error is the true one; what follows from it is not told. */
function onCrash(tell: (error: unknown) => Promise<void>): void {
  let crashed = false
  const crash = async (error: unknown) => {
    if (crashed) return
    crashed = true
    note(complaint(error))
    await tell(error)
    process.exit(1)
  }
  process.on('uncaughtException', (error) => void crash(error))
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { value: Value } | null = null
  return () => (made ??= { value: make() }).value
}
