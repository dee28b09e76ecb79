import type { MetricName } from '../../src/telemetry/metric-catalogue.ts'
import { clientOrigins, clientStatuses, loginProviders } from '../../src/telemetry/vocabulary.ts'
import type { Rows } from './rows.ts'
import type { Server } from './server.ts'

/** Numbers by name and labels, as `/metrics` writes them. */
export type Numbers = ReadonlyMap<string, number>

const counters: ReadonlySet<MetricName> = new Set([
  'sallyport_login_sessions_started_total',
  'sallyport_login_sessions_ended_total',
  'sallyport_login_session_duration_seconds',
  'sallyport_consents_granted_total',
  'sallyport_consents_revoked_total',
  'sallyport_api_keys_created_total',
  'sallyport_api_keys_revoked_total',
  'sallyport_device_codes_total',
  'sallyport_telemetry_refused_values_total',
])

const gauges: ReadonlySet<MetricName> = new Set([
  'sallyport_users_registered',
  'sallyport_users_active',
  'sallyport_login_sessions_active',
  'sallyport_consents_active',
  'sallyport_clients_registered',
  'sallyport_api_keys_active',
  'sallyport_device_codes_pending',
])

function read(server: Server, wanted: ReadonlySet<MetricName>): Map<string, number> {
  const numbers = new Map<string, number>()
  for (const [name, known] of server.metrics.read()) {
    if (!wanted.has(name)) continue
    for (const { labels, cell } of known) {
      const suffix = labels === '' ? '' : `{${labels}}`
      if ('buckets' in cell) {
        numbers.set(`${name}_count${suffix}`, cell.count)
        numbers.set(`${name}_sum${suffix}`, cell.sum)
      } else numbers.set(`${name}${suffix}`, cell.value)
    }
  }
  return numbers
}

/** The sum of what all servers have ever counted, those included that are gone. */
export function countersOf(servers: readonly Server[]): Numbers {
  const sums = new Map<string, number>()
  const add = (key: string, value: number) => sums.set(key, (sums.get(key) ?? 0) + value)
  for (const server of servers) {
    for (const [key, value] of read(server, counters)) add(key, value)
    for (const [key, value] of server.registered) add(`client_registered ${key}`, value)
  }
  return sums
}

/** What has been added since, without what stayed as it was. Seconds are rounded, for they are sums of fractions. */
export function addedSince(before: Numbers, after: Numbers): Numbers {
  const added = [...after].map(([key, value]) => {
    const more = value - (before.get(key) ?? 0)
    return [key, Math.round(more * 1000) / 1000] as const
  })
  return new Map(added.filter(([, value]) => value !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** The gauges of one server. */
export const gaugesOf = (server: Server): Numbers => read(server, gauges)

/** What the gauges must be, by the rows there are. */
export function gaugesFor(rows: Rows, now: number): Numbers {
  const enabled = rows.users.filter(({ disabled_at }) => disabled_at === null)
  const runs = (key: Rows['keys'][number]) => key.expires_at === null || key.expires_at > now
  const active = rows.keys.filter((key) => key.revoked_at === null && key.replaced_by === null && runs(key))
  const pending = rows.codes.filter((code) => code.decided_at === null && code.expires_at > now)
  const clients = clientStatuses.flatMap((status) =>
    clientOrigins.map((origin) => {
      const alike = rows.clients.filter((client) => client.status === status && client.origin === origin)
      return [`sallyport_clients_registered{status="${status}",origin="${origin}"}`, alike.length] as const
    }),
  )
  const people = loginProviders.map((source) => {
    const alike = enabled.filter(({ auth_source }) => auth_source === source)
    return [`sallyport_users_active{auth_source="${source}"}`, alike.length] as const
  })
  return new Map([
    ['sallyport_users_registered', rows.users.length],
    ['sallyport_login_sessions_active', rows.sessions.filter(({ ended_at }) => ended_at === null).length],
    ['sallyport_consents_active', rows.consents.filter(({ revoked_at }) => revoked_at === null).length],
    ['sallyport_api_keys_active', active.length],
    ['sallyport_device_codes_pending', pending.length],
    ...clients,
    ...people,
  ])
}
