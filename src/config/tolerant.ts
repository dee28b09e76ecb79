import { readConfigFile } from './config-file.ts'
import type { FileEntry } from './config-file.ts'
import { loadConfig } from './load.ts'
import type { Sources } from './load.ts'
import { variableName } from './names.ts'
import { options } from './options.ts'
import type { GlobalSettings, OptionKey } from './options.ts'

/** What can still be told of a configuration that cannot be used. */
export interface TolerantSettings {
  /** Where analytics may go; null where none is set, or where anything about it is in doubt. */
  readonly analytics: Pick<
    GlobalSettings,
    'telemetry.analytics.endpoint' | 'telemetry.analytics.format' | 'telemetry.analytics.token'
  > | null
  /** Undefined where it cannot be read; null where it is not set. */
  readonly publicUrl: string | null | undefined
  /** Null where it cannot be read. */
  readonly cloudHosts: readonly string[] | null
  /** Null where it cannot be read. */
  readonly store: string | null
}

/** Sources of which the file may be there and not be readable. */
export interface TolerantSources extends Sources {
  readonly fileUnreadable: boolean
}

const analyticsKeys = [
  'telemetry.analytics.endpoint',
  'telemetry.analytics.format',
  'telemetry.analytics.token',
] as const satisfies readonly OptionKey[]

/**
 * Reads a refused configuration again for the one event that says so. Each value is taken where it is in order by
 * itself. Somebody who wrote something about analytics that we do not understand may have meant to turn it off: then
 * it is off.
 */
export function tolerantSettings(sources: TolerantSources): TolerantSettings {
  const part = partsOf(sources)
  const analytics = mayHaveRefused(sources) ? null : part.read(analyticsKeys)
  const publicUrl = part.fileDoubtful && !part.isSetElsewhere('publicUrl') ? null : part.read(['publicUrl'])
  const cloudHosts =
    part.fileDoubtful && !part.isSetElsewhere('telemetry.cloudHosts')
      ? null
      : part.read(['telemetry.cloudHosts'])
  return {
    analytics: analytics?.['telemetry.analytics.endpoint'] === null ? null : analytics,
    publicUrl: publicUrl?.publicUrl,
    cloudHosts: cloudHosts?.['telemetry.cloudHosts'] ?? null,
    store: part.read(['store'])?.store ?? null,
  }
}

function partsOf(sources: TolerantSources) {
  const file = sources.file === null ? null : readConfigFile(sources.file.source)
  // A file that is no YAML has no entries; one that is, has those that can be read.
  const entries = file?.entries ?? new Map<string, FileEntry>()
  const isLost = file !== null && file.problems.length > 0 && entries.size === 0
  const fileDoubtful = sources.fileUnreadable || isLost
  const variables = (key: OptionKey) => [variableName(key), `${variableName(key)}_FILE`]
  return {
    fileDoubtful,
    isSetElsewhere: (key: OptionKey) =>
      sources.flags.has(key) || variables(key).some((name) => (sources.environment[name] ?? '') !== ''),
    /** These keys, from all sources, as if there were no others; null when one of them is wrong. */
    read(keys: readonly OptionKey[]): GlobalSettings | null {
      const kept: Record<string, unknown> = {}
      for (const key of keys) if (entries.has(key)) kept[key] = entries.get(key)?.raw
      const loaded = loadConfig({
        ...sources,
        flags: new Map([...sources.flags].filter(([key]) => keys.some((wanted) => wanted === key))),
        upstreamFlags: [],
        environment: Object.fromEntries(
          keys.flatMap(variables).map((name) => [name, sources.environment[name]]),
        ),
        file: { name: 'file', source: JSON.stringify(nested(kept)) },
      })
      return 'config' in loaded ? loaded.config.settings : null
    },
  }
}

/** Anything below `telemetry.analytics`, or in its place, that is no option of ours. */
function mayHaveRefused({ environment, file, fileUnreadable }: TolerantSources): boolean {
  const isDoubtful = (key: string) => /^telemetry(?:$|\.analytics(?:$|\.))/i.test(key) && !(key in options)
  const isDoubtfulVariable = (name: string) => {
    if (!/^SALLYPORT_TELEMETRY(?:$|_ANALYTICS)/.test(name)) return false
    return !analyticsKeys.some((key) => [variableName(key), `${variableName(key)}_FILE`].includes(name))
  }
  if (Object.keys(environment).some(isDoubtfulVariable)) return true
  if (fileUnreadable || file === null) return false
  return [...readConfigFile(file.source).entries.keys()].some(isDoubtful)
}

function nested(leaves: Readonly<Record<string, unknown>>): object {
  const root: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(leaves)) {
    const path = key.split('.')
    let place = root
    for (const name of path.slice(0, -1)) place = (place[name] ??= {}) as Record<string, unknown>
    place[path.at(-1) ?? ''] = value
  }
  return root
}

const missingSecret =
  / needs (?:auth\.adminToken|telemetry\.attribution\.key)\b|needs static\.value|_FILE: cannot be read/

/** The code of the failure that complains of these problems: whether secrets are all that is missing. */
export function configFailureCode(problems: readonly string[]): 'config_invalid' | 'config_secret_missing' {
  return problems.every((problem) => missingSecret.test(problem)) ? 'config_secret_missing' : 'config_invalid'
}
