import type { Config } from '../config/load.ts'
import type { GlobalSettings, OptionKey } from '../config/options.ts'

/** The options a running gateway takes over; `upstreams` is one too. The others need a restart. */
const reloadable: ReadonlySet<OptionKey> = new Set<OptionKey>([
  'allowedHosts',
  'allowedOrigins',
  'trustedProxies',
  'limits.enabled',
  'limits.requestsPerMinute',
  'limits.failuresPerMinute',
  'limits.anonymousPerMinute',
  'limits.oauthPerMinute',
  'limits.registrationsPerHour',
  'telemetry.metrics.token',
  'requests.maxBodyBytes',
])

/** A new configuration as far as it can be taken over, and the keys that have to wait for a restart. */
export function takeOver(running: Config, next: Config): { config: Config; waiting: readonly OptionKey[] } {
  const changed = (Object.keys(next.settings) as OptionKey[]).filter(
    (key) => JSON.stringify(next.settings[key]) !== JSON.stringify(running.settings[key]),
  )
  const waiting = changed.filter((key) => !reloadable.has(key))
  const kept = Object.fromEntries(waiting.map((key) => [key, running.settings[key]]))
  const settings = { ...next.settings, ...kept } as GlobalSettings
  return { config: { ...next, settings }, waiting }
}
