import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fieldOf } from '../../src/telemetry/field.ts'
import type { Declared } from '../../src/telemetry/field.ts'
import { signals } from '../../src/telemetry/signals.ts'
import type { Signal } from '../../src/telemetry/signals.ts'
import type * as validate from '../../src/telemetry/validate.ts'
import { startCatalogueScene } from '../support/catalogue-scene.ts'
import { startGateway } from '../support/gateway.ts'
import { ask } from '../support/asking.ts'
import { driveAnswers, driveClients, driveRefusals, driveStoreFailures } from '../support/drive-catalogue.ts'

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
  'store_query_failed.operation=count': 'the gauges are counted every 30 s; src/server/jobs.ts',
}

/** Said of the server, not of a request: the tests of its lifecycle start and stop whole servers. */
const lifecycle: ReadonlySet<string> = new Set(['server_started', 'server_shutdown', 'startup_error'])

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
    expect(missing.sort()).toEqual(Object.keys(unseen).sort())
  })
})
