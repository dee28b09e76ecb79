import { flagName, variableName } from '../../src/config/names.ts'
import type { Option } from '../../src/config/option.ts'
import { options } from '../../src/config/options.ts'
import { upstreamOptions } from '../../src/config/upstream-options.ts'
import { code, page, table } from './markdown.ts'

type Row = readonly [string, Option<unknown>]

/** `docs/reference/configuration.md`: every option, from the table of options. */
export function configurationPage(): string {
  const rows: Row[] = Object.entries(options)
  const upstreamRows: Row[] = Object.entries(upstreamOptions)
  return page(
    'Configuration',
    'src/config/options.ts and src/config/upstream-options.ts',
    'A value is taken from the flag, else the variable, else the file, else the default. The file is the one `--config` ' +
      'names, else `./sallyport.yaml` when it is there. Keys nest: `listen.port` is `port` below `listen`. Lists in ' +
      'flags and variables are comma-separated.',
    'A secret is never printed. It may also come from a file: put the path into the variable with `_FILE` behind its ' +
      'name, such as `SALLYPORT_SECRETS_KEY_FILE`.',
    table(['Key', 'Variable', 'Flag', 'Value', 'Default', 'What it does'], rows.map(optionCells)),
    '## upstreams',
    'A list: one entry for each MCP server behind the gateway. `--upstream NAME=URL`, as often as needed, or ' +
      '`SALLYPORT_UPSTREAMS=NAME=URL,…` stands in for the whole list of the file.',
    table(['Key', 'Value', 'Default', 'What it does'], upstreamRows.map(upstreamCells)),
  )
}

function optionCells([key, option]: Row): string[] {
  const variable = variableName(key)
  const variables = option.secret === true ? `${code(variable)}, ${code(`${variable}_FILE`)}` : code(variable)
  const [, ...rest] = upstreamCells([key, option])
  return [code(key), variables, code(`--${flagName(key, option)}`), ...rest]
}

function upstreamCells([key, option]: Row): string[] {
  const summary = option.secret === true ? `${option.summary} Secret.` : option.summary
  return [code(key), option.shape, fallback(option), summary]
}

function fallback({ fallback: value, fallbackText }: Option<unknown>): string {
  if (fallbackText !== undefined) return fallbackText
  if (value === null) return 'not set'
  if (value === '') return 'required'
  if (Array.isArray(value)) return value.length === 0 ? 'empty' : code(value.join(','))
  return code(JSON.stringify(value).replaceAll('"', ''))
}
