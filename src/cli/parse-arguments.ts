import { parseArgs } from 'node:util'
import { flagName } from '../config/names.ts'
import type { Option } from '../config/option.ts'
import { options } from '../config/options.ts'
import { UsageError } from './command.ts'
import type { Command, CommandInput } from './command.ts'

/** Flags that are configuration: by flag name, the option key. */
const optionFlags: ReadonlyMap<string, string> = new Map(
  (Object.entries(options) as [string, Option<unknown>][]).map(([key, option]) => [
    flagName(key, option),
    key,
  ]),
)

export interface ParsedArguments {
  readonly input: CommandInput
  /** Configuration by option key. */
  readonly optionFlags: ReadonlyMap<string, string>
  readonly upstreamFlags: readonly string[]
  readonly configFile: string | undefined
  readonly help: boolean
}

/** Finds the command whose words begin the arguments; the longest name wins. */
export function findCommand(commands: readonly Command[], args: readonly string[]): Command | undefined {
  const fits = commands.filter(({ name }) => name.split(' ').every((word, place) => args[place] === word))
  return fits.toSorted((a, b) => b.name.length - a.name.length)[0]
}

/** Parses what stands behind a command's words. Throws a `UsageError`. */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const own = Object.entries(command.flags).map(([name, flag]) => [
    name,
    { type: flag.value === undefined ? 'boolean' : 'string', multiple: flag.repeatable === true } as const,
  ])
  const configuration = [...optionFlags.keys()]
    .filter((name) => command.allOptions === true || name === 'store')
    .map((name) => [name, { type: 'string' } as const])
  const shared = {
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    config: { type: 'string' },
  } as const
  const known = { ...Object.fromEntries([...configuration, ...own]), ...shared }
  const rest = args.slice(command.name.split(' ').length)
  const { values, positionals } = attempt(command, () =>
    parseArgs({ args: [...rest], options: known, allowPositionals: true }),
  )
  const all = values as Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  const list = (name: string) => [all[name] ?? []].flat().map(String)
  const help = all['help'] === true
  if (!help && positionals.length !== command.operands.length) {
    const wanted =
      command.operands.length === 0 ? 'takes nothing more' : `takes ${command.operands.join(' ')}`
    throw new UsageError(`${command.name} ${wanted}`, `see sallyport ${command.name} --help`)
  }
  const found = new Map<string, string>()
  for (const [name, key] of optionFlags) {
    const value = name in command.flags ? undefined : list(name)[0]
    if (value !== undefined) found.set(key, value)
  }
  return {
    input: {
      words: positionals,
      flag: (name) => list(name)[0],
      flags: list,
      has: (name) => all[name] === true,
      json: all['json'] === true,
    },
    optionFlags: found,
    upstreamFlags: command.allOptions === true ? list('upstream') : [],
    configFile: list('config')[0],
    help,
  }
}

function attempt<Result>(command: Command, parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    const message =
      error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : 'wrong arguments'
    throw new UsageError(message, `see sallyport ${command.name} --help`)
  }
}
