import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fieldOf } from '../../src/telemetry/field.ts'
import type { Declared } from '../../src/telemetry/field.ts'
import { metrics } from '../../src/telemetry/metric-catalogue.ts'
import { signals } from '../../src/telemetry/signals.ts'
import type { Signal } from '../../src/telemetry/signals.ts'
import type * as validate from '../../src/telemetry/validate.ts'
import { startCatalogueScene } from '../support/catalogue-scene.ts'
import { startGateway } from '../support/gateway.ts'
import { ask } from '../support/asking.ts'
import { driveAnswers, driveClients, driveRefusals, driveStoreFailures } from '../support/drive-catalogue.ts'
import { driveLimits, driveSignInOutage } from '../support/drive-endpoints.ts'
import { driveGrants, driveRefusedClients } from '../support/drive-oauth.ts'
import { driveKeys, driveLogins, driveSessionEnds } from '../support/drive-sign-in.ts'
import { startSignInScene } from '../support/sign-in-scene.ts'

interface Stated {
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly declared: boolean
}

const { stated } = vi.hoisted(() => ({ stated: [] as Stated[] }))

// The real encoder with a witness: every signal, those of the traces included, passes it on its way to any sink.
vi.mock('../../src/telemetry/validate.ts', async (original) => {
  const { createValidator } = await original<typeof validate>()
  return {
    createValidator(...[name, names]: Parameters<typeof createValidator>) {
      const check = createValidator(name, names)
      return (fields: object) => {
        const declared = check(fields)
        stated.push({ name, fields: fields as Stated['fields'], declared })
        return declared
      }
    },
  }
})

/** What no request of this test brings about, and why. A row that has become untrue fails the test too. */
const unseen: Readonly<Record<string, string>> = {
  'mcp_session_ended.end_reason=idle': 'the sweep runs every 15 s at the soonest; src/gateway/mcp-session.ts',
  'operation_ended.error_type=internal': 'an exception nobody foresaw; src/server/listener.ts',
  'server_span.error_type=internal': 'the same',
  'server_span.error_type=shutting_down': 'readiness while the gateway closes; src/server/endpoints.ts',
}

/**
 * What administrators bring about. They do so at the command line, whose process has no metrics: no series of theirs is at
 * zero from the start (T29), and these rows go when a server lets them.
 */
const byAdministrators: readonly string[] = [
  'client_registered.origin=admin',
  'client_registered.origin=self_service',
  'consent_revoked.actor=admin',
  'token_revoked.reason=admin',
]

/** Said of the server, not of a request: the tests of its lifecycle start and stop whole servers. */
const lifecycle: ReadonlySet<string> = new Set(['server_started', 'server_shutdown', 'startup_error'])

/** Signals whose combinations are series. */
const pairs = [
  ['auth_decided', 'sallyport_auth_requests_total'],
  ['auth_rejected', 'sallyport_auth_rejected_total'],
  ['cache_used', 'sallyport_cache_requests_total'],
  ['key_created', 'sallyport_api_keys_created_total'],
  ['key_revoked', 'sallyport_api_keys_revoked_total'],
  ['token_issued', 'sallyport_tokens_issued_total'],
  ['token_revoked', 'sallyport_tokens_revoked_total'],
  ['consent_revoked', 'sallyport_consents_revoked_total'],
  ['device_code_changed', 'sallyport_device_codes_total'],
  ['login_session_ended', 'sallyport_login_sessions_ended_total'],
] as const

beforeAll(async () => {
  const scene = await startCatalogueScene({ limits: { enabled: false } })
  await driveClients(scene)
  await driveAnswers(scene)
  await driveRefusals(scene)
  await driveStoreFailures(scene)
  await scene.close()
  const limited = await startCatalogueScene({ limits: { requestsPerMinute: 1 } })
  await driveAnswers(limited)
  await limited.close()
  const keysOnly = await startGateway({
    upstreams: [{ name: 'code', url: 'http://127.0.0.1:9/mcp', accept: ['api_key'] }],
  })
  await ask(keysOnly.port)
  await keysOnly.close()
})

beforeAll(async () => {
  const scene = await startSignInScene()
  await driveLogins(scene)
  await driveGrants(scene)
  await driveRefusedClients(scene)
  await driveSessionEnds(scene)
  await driveKeys(scene)
  await driveSignInOutage(scene)
  await scene.close()
  const limits = { oauthPerMinute: 1, registrationsPerHour: 1, loginsPerMinute: 1 }
  const limited = await startSignInScene({ limits }, { registration: { approval: 'required' } })
  await driveLimits(limited)
  await limited.close()
})

afterAll(() => {
  stated.length = 0
})

/** `signal.field` for every field that must arrive; `signal.field=value` for every value of a list, wherever it is used. */
function missingFrom(all: readonly Stated[]): string[] {
  const arrived = new Set<string>()
  const seen = new Map<string, Set<unknown>>()
  const lists = new Map<string, { readonly at: string; readonly values: readonly unknown[] }>()
  const everywhere = Object.entries<Signal>(signals).flatMap(([name, { fields }]) =>
    Object.entries<Declared>(fields).map(([key, declared]) => ({
      at: `${name}.${key}`,
      field: fieldOf(declared),
    })),
  )
  for (const { at, field } of everywhere) {
    const values = field.kind === 'oneOf' ? field.values : field.kind === 'flag' ? [true, false] : []
    const list = field.kind === 'flag' ? at : JSON.stringify(values)
    if (!lists.has(list)) lists.set(list, { at, values })
    seen.set(at, seen.get(list) ?? new Set())
    seen.set(list, seen.get(at) ?? new Set())
  }
  for (const { name, fields } of all)
    for (const [key, value] of Object.entries(fields)) {
      if (value === undefined) continue
      arrived.add(`${name}.${key}`)
      seen.get(`${name}.${key}`)?.add(value)
    }
  return [
    ...everywhere.map(({ at }) => at).filter((at) => !arrived.has(at)),
    ...Array.from(lists.values()).flatMap(({ at, values }) =>
      values.filter((value) => seen.get(at)?.has(value) !== true).map((value) => `${at}=${String(value)}`),
    ),
  ]
}

describe('the catalogue over real HTTP', () => {
  it('T20: nothing is stated that is not declared', () => {
    expect(stated.length).toBeGreaterThan(300)
    expect(stated.filter(({ declared }) => !declared)).toEqual([])
    for (const { name, fields } of stated) {
      const known: Signal = signals[name as keyof typeof signals]
      expect(Object.keys(known.fields)).toEqual(expect.arrayContaining(Object.keys(fields)))
    }
  })

  it('T28, T29: every signal, field and value declared arrives, but for those with a reason', () => {
    const missing = missingFrom(stated).filter((what) => !lifecycle.has(what.slice(0, what.indexOf('.'))))
    expect(missing.sort()).toEqual([...Object.keys(unseen), ...byAdministrators].sort())
  })

  it.each(pairs)(
    'T29: %s moves the series of %s that are there from the start, and no other',
    (name, metric) => {
      const { labels, reachable } = metrics[metric]
      const seen = stated
        .filter((one) => one.name === name && one.declared)
        .map(({ fields }) =>
          Object.keys(labels)
            .map((label) => String(fields[label]))
            .join(' '),
        )
      const from = reachable.map((values) => values.join(' '))
      expect([...new Set(seen)].sort()).toEqual(from.sort())
    },
  )
})
