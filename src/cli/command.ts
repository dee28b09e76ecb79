import type { Config } from '../config/load.ts'
import type { TolerantSources } from '../config/tolerant.ts'
import type { Failure } from '../lib/error.ts'
import type { Surroundings } from '../server/surroundings.ts'

/** One flag of one command. */
export interface CommandFlag {
  readonly summary: string
  /** What stands behind it, such as `NAME`; absent for a switch. */
  readonly value?: string
  readonly repeatable?: boolean
}

export interface CommandInput {
  /** What stands behind the command's own words, in order. */
  readonly words: readonly string[]
  readonly flag: (name: string) => string | undefined
  readonly flags: (name: string) => readonly string[]
  readonly has: (name: string) => boolean
  readonly json: boolean
}

/** What a command may touch of the process. */
export interface CommandContext {
  readonly input: CommandInput
  /** Loads the configuration from flags, variables and file; throws a `Failure` with all complaints. */
  readonly config: () => Config
  /** Where the configuration comes from, whether or not it can be used. Never throws. */
  readonly configSources: () => TolerantSources
  /** Calls back with the configuration read anew on SIGHUP and when its file has changed, or with what is wrong with it. */
  readonly onConfigChange: (take: (next: Config | Failure) => void) => void
  readonly surroundings: Surroundings
  /** One line on standard output. */
  readonly print: (line: string) => void
  /** One line on standard error, for people. */
  readonly note: (line: string) => void
  /** Standard input to its end, as text; at most 64 KiB of it. */
  readonly readInput: () => Promise<string>
  /** Whether a person is at the terminal: both input and output are one. */
  readonly interactive: boolean
  /** Resolves when the process is asked to stop (SIGTERM, SIGINT). */
  readonly stopRequested: () => Promise<void>
  /** From now on an error nobody caught is printed, then given to `tell`, which never rejects; then the process ends, with exit code 1. */
  readonly onCrash: (tell: (error: unknown) => Promise<void>) => void
  readonly workingFolder: string
}

export interface Command {
  /** Its words, such as `keys create`. */
  readonly name: string
  readonly summary: string
  /** What stands behind the words, such as `EMAIL`. */
  readonly operands: readonly string[]
  readonly flags: Readonly<Record<string, CommandFlag>>
  /** Whether it takes every configuration option as a flag, or only --config and --store. */
  readonly allOptions?: boolean
  readonly run: (context: CommandContext) => Promise<void>
}

/** The arguments are wrong: exit code 2. */
export class UsageError extends Error {
  readonly fix: string

  constructor(message: string, fix: string) {
    super(message)
    this.name = 'UsageError'
    this.fix = fix
  }
}
