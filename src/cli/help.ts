import { flagName, variableName } from '../config/names.ts'
import type { Option } from '../config/option.ts'
import { options } from '../config/options.ts'
import type { Command } from './command.ts'

const sharedFlags: readonly (readonly [string, string])[] = [
  ['--config FILE', 'Configuration file; else ./sallyport.yaml when it is there.'],
  ['--store LOCATION', 'Where everything is kept: sqlite:FILE or postgres://…'],
  ['--json', 'One JSON object on standard output.'],
  ['--help', 'This text.'],
]

/** The overview of all commands. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(
    ({ name, operands, summary }) => [[name, ...operands].join(' '), summary] as const,
  )
  return [
    'usage: sallyport COMMAND [FLAGS]',
    '',
    'The identity-aware gateway for MCP servers.',
    '',
    ...table(rows),
    '',
    'sallyport COMMAND --help tells more.',
  ].join('\n')
}

/** One command's help, from its flags and the table of options. */
export function commandHelp(command: Command): string {
  const usage = ['usage: sallyport', command.name, ...command.operands, '[FLAGS]'].join(' ')
  const own = Object.entries(command.flags).map(
    ([name, flag]) => [`--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.summary] as const,
  )
  const lines = [usage, '', command.summary, '', ...table([...own, ...sharedFlags])]
  if (command.allOptions !== true) return lines.join('\n')
  const rows = (Object.entries(options) as [string, Option<unknown>][])
    .filter(([key]) => key !== 'store')
    .map(([key, option]) => [`--${flagName(key, option)}`, optionText(key, option)] as const)
  return [
    ...lines,
    '',
    'Every option of the configuration file is a flag too, and a variable:',
    ...table(rows),
  ].join('\n')
}

function optionText(key: string, option: Option<unknown>): string {
  const { fallback: plain } = option
  const fallback =
    option.fallbackText ??
    (plain === null || Array.isArray(plain) ? '' : `${plain as string | number | boolean}`)
  return `${option.summary}${fallback === '' ? '' : ` Default ${fallback}.`} [${variableName(key)}]`
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
