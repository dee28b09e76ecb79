import { readConfigFile } from './config-file.ts'
import type { ConfigFile, FileEntry } from './config-file.ts'
import { flagName, nearest, variableName } from './names.ts'
import { isPlaceholder } from './option.ts'
import type { Option } from './option.ts'
import { options } from './options.ts'
import type { GlobalSettings, OptionKey } from './options.ts'
import { upstreamOptions } from './upstream-options.ts'
import type { UpstreamSettings } from './upstream-options.ts'
import { wholeProblems } from './whole.ts'

/** Where the values come from, in falling precedence: flags, variables, file. */
export interface Sources {
  /** By option key. */
  readonly flags: ReadonlyMap<string, string>
  /** `--upstream NAME=URL`, as often as given. */
  readonly upstreamFlags: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file: { readonly name: string; readonly source: string } | null
  /** Reads the file a `*_FILE` variable names; throws when it cannot. */
  readonly readSecretFile: (path: string) => string
}

export interface Config {
  readonly settings: GlobalSettings
  readonly upstreams: readonly UpstreamSettings[]
  readonly warnings: readonly string[]
}

export type LoadOutcome = { readonly config: Config } | { readonly problems: readonly string[] }

interface Found {
  readonly raw: unknown
  /** Where it stands, for the complaint: `sallyport.yaml:12: `, `SALLYPORT_X: `. */
  readonly where: string
  /** The same of one item of a list. */
  readonly itemWhere?: (item: number) => string
}

/** Reads all sources and reports all complaints together. */
export function loadConfig(sources: Sources): LoadOutcome {
  const problems: string[] = []
  const file = readFile(sources, problems)
  const settings: Record<string, unknown> = {}
  for (const key of Object.keys(options) as OptionKey[]) {
    const found = find(key, options[key], sources, file, problems)
    settings[key] = found === null ? options[key].fallback : parse(key, options[key], found, problems)
  }
  const upstreams = loadUpstreams(sources, file, problems)
  if (problems.length === 0) problems.push(...wholeProblems(settings as GlobalSettings, upstreams))
  if (problems.length > 0) return { problems }
  return { config: { settings: settings as GlobalSettings, upstreams, warnings: unknownVariables(sources) } }
}

function readFile(sources: Sources, problems: string[]): ConfigFile | null {
  if (sources.file === null) return null
  const { name, source } = sources.file
  const file = readConfigFile(source)
  problems.push(...file.problems.map(({ line, message }) => `${name}:${line}: ${message}`))
  const known = Object.keys(options)
  for (const [key, { line }] of file.entries) {
    if (!known.includes(key)) problems.push(`${name}:${line}: ${unknownKey(key, [...known, 'upstreams'])}`)
  }
  return file
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  return `${key}: is no option of this version${meant === null ? '' : `; did you mean ${meant}?`}`
}

function find(
  key: string,
  option: Option<unknown>,
  sources: Sources,
  file: ConfigFile | null,
  problems: string[],
): Found | null {
  const flag = sources.flags.get(key)
  if (flag !== undefined) return { raw: flag, where: `--${flagName(key, option)}` }
  const variable = variableName(key)
  const value = sources.environment[variable]
  const path = option.secret === true ? sources.environment[`${variable}_FILE`] : undefined
  if (value !== undefined && path !== undefined) {
    problems.push(`${variable}: is set, and so is ${variable}_FILE; keep one`)
  }
  if (value !== undefined && value !== '') return { raw: value, where: variable }
  if (path !== undefined) return readSecret(variable, path, sources, problems)
  const entry = file?.entries.get(key)
  if (entry === undefined) return null
  const at = (line: number) => `${sources.file?.name}:${line}: ${key}`
  return {
    raw: entry.raw,
    where: at(entry.line),
    itemWhere: (item) => at(entry.itemLines?.[item] ?? entry.line),
  }
}

function readSecret(variable: string, path: string, sources: Sources, problems: string[]): Found | null {
  try {
    return { raw: sources.readSecretFile(path).replace(/\r?\n$/, ''), where: `${variable}_FILE` }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    problems.push(`${variable}_FILE: cannot be read (${code})`)
    return null
  }
}

function parse(key: string, option: Option<unknown>, found: Found, problems: string[]): unknown {
  const raws = Array.isArray(found.raw) ? (found.raw as unknown[]) : [found.raw]
  const parsed = raws.some(isPlaceholder)
    ? { problem: 'still holds a placeholder: fill it in' }
    : option.parse(found.raw)
  if ('value' in parsed) return parsed.value
  const whereOf = (where: string) => (where.endsWith(key) ? where : `${where}: ${key}`)
  if ('problem' in parsed) problems.push(`${whereOf(found.where)}: ${parsed.problem}`)
  else
    for (const { item, problem } of parsed.itemProblems)
      problems.push(`${whereOf(found.itemWhere?.(item) ?? found.where)}[${item}]: ${problem}`)
  return option.fallback
}

/** `upstreams` as a whole follows the precedence: a flag or variable replaces the file's list. */
function loadUpstreams(sources: Sources, file: ConfigFile | null, problems: string[]): UpstreamSettings[] {
  const variable = sources.environment['SALLYPORT_UPSTREAMS']
  if (sources.upstreamFlags.length > 0) return fromPairs(sources.upstreamFlags, '--upstream', problems)
  if (variable !== undefined && variable !== '')
    return fromPairs(variable.split(','), 'SALLYPORT_UPSTREAMS', problems)
  return (file?.upstreams ?? []).map((leaves, place) => {
    const prefix = `upstreams[${place}]`
    for (const [key, { line }] of leaves) {
      if (Object.hasOwn(upstreamOptions, key)) continue
      problems.push(
        `${sources.file?.name}:${line}: ${prefix}.${unknownKey(key, Object.keys(upstreamOptions))}`,
      )
    }
    for (const key of ['name', 'url']) if (!leaves.has(key)) problems.push(`${prefix}.${key}: is missing`)
    return fromLeaves(leaves, (key, line) => `${sources.file?.name}:${line}: ${prefix}.${key}`, problems)
  })
}

function fromPairs(pairs: readonly string[], where: string, problems: string[]): UpstreamSettings[] {
  return pairs.map((pair) => {
    const equals = pair.indexOf('=')
    if (equals < 1) problems.push(`${where}: ${JSON.stringify(pair)} must be NAME=URL`)
    const leaves = new Map<string, FileEntry>([
      ['name', { raw: pair.slice(0, Math.max(equals, 0)).trim(), line: 0 }],
      ['url', { raw: pair.slice(equals + 1).trim(), line: 0 }],
    ])
    return fromLeaves(equals < 1 ? new Map() : leaves, (key) => `${where}: ${key}`, problems)
  })
}

function fromLeaves(
  leaves: ReadonlyMap<string, FileEntry>,
  where: (key: string, line: number) => string,
  problems: string[],
): UpstreamSettings {
  const settings: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(upstreamOptions) as [string, Option<unknown>][]) {
    const leaf = leaves.get(key)
    settings[key] =
      leaf === undefined
        ? option.fallback
        : parse(key, option, { raw: leaf.raw, where: where(key, leaf.line) }, problems)
  }
  return settings as UpstreamSettings
}

/** A mistyped variable is named but does not stop the start: orchestrators inject variables of their own. */
function unknownVariables({ environment }: Sources): string[] {
  const rows = Object.entries(options) as [string, Option<unknown>][]
  const known = rows.flatMap(([key, option]) =>
    option.secret === true ? [variableName(key), `${variableName(key)}_FILE`] : [variableName(key)],
  )
  known.push('SALLYPORT_UPSTREAMS')
  return Object.keys(environment)
    .filter((name) => name.startsWith('SALLYPORT_') && !known.includes(name))
    .filter((name) => nearest(name, known) !== null)
    .map((name) => `${name}: is no option; did you mean ${nearest(name, known)}?`)
}
