import { expect, it } from 'vitest'
import type { Secret } from '../lib/secret.ts'
import type { Principal } from '../principal/principal.ts'
import type { AnalyticsField, Detail, Identity, LabelField, Local, Registered, SpanField } from './field.ts'
import type { Log } from './log.ts'
import type { Metric } from './metric-catalogue.ts'
import type { Metrics } from './metrics.ts'
import type { passages } from './privacy-contract.ts'
import type { Emit } from './telemetry.ts'

/*
 * What does not compile, and must not start to: `tsc` complains about every `@ts-expect-error` that has become idle.
 * Nothing here is ever called.
 */

/** Holds when both are the same type. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
type Passages = typeof passages
type KindsWith<Sink extends keyof Passages['oneOf'], Shape extends string> = {
  [Kind in keyof Passages]: Passages[Kind][Sink] extends Shape ? Kind : never
}[keyof Passages]
type Open<Sink extends keyof Passages['oneOf']> = Exclude<keyof Passages, KindsWith<Sink, 'no'>>

/** The types of the sinks and the printed contract say the same. */
const contract: readonly [
  Same<LabelField['kind'], KindsWith<'metrics', 'label'>>,
  Same<SpanField['kind'], Open<'traces'>>,
  Same<AnalyticsField['kind'], Open<'analytics'>>,
] = [true, true, true]

function forbidden(
  emit: Emit,
  log: Log,
  metrics: Metrics,
  given: {
    readonly principal: Principal
    readonly secret: Secret
    readonly text: string
    readonly route: Registered<'route'>
    readonly upstream: Registered<'upstream'>
    readonly identity: Identity
    readonly detail: Detail
    readonly local: Local
  },
): void {
  const { principal, secret, text, route, upstream, identity, detail, local } = given
  const ended = { route, method: 'GET', status_class: '2xx', duration: 1 } as const

  // @ts-expect-error a signal that is not declared
  emit('user_seen', {})
  // @ts-expect-error a field that is not declared
  emit('http_request_ended', { ...ended, path: text })
  // @ts-expect-error a field that is missing
  emit('http_request_ended', { route, method: 'GET', status_class: '2xx' })
  // @ts-expect-error text where a member of a closed list belongs
  emit('auth_decided', { method: text, outcome: 'accepted' })
  // @ts-expect-error a word that is not of the list
  emit('auth_decided', { method: 'password', outcome: 'accepted' })
  // @ts-expect-error text where a registered name belongs
  emit('http_request_started', { route: text })
  // @ts-expect-error a name of another set
  emit('http_request_started', { route: upstream })
  // @ts-expect-error a secret is of no kind
  emit('http_request_started', { route: secret })
  // @ts-expect-error identity on a signal that has none
  emit('http_request_ended', { ...ended, principal })
  // @ts-expect-error the principal's own text for the principal
  emit('tools_listed', { upstream, count: 1, principal: text })
  // @ts-expect-error a secret among the fields of a log line
  log.info('a key was made', { detail: secret })
  // @ts-expect-error a field no log line has
  log.info('a key was made', { email: text })

  // @ts-expect-error identity as the value of a label
  metrics.cell('sallyport_requests_in_flight', { route: principal })
  // @ts-expect-error text as the value of a label
  metrics.cell('sallyport_requests_in_flight', { route: text })
  // @ts-expect-error a secret as the value of a label
  metrics.cell('sallyport_requests_in_flight', { route: secret })
  // @ts-expect-error a label that is not declared
  metrics.cell('sallyport_requests_in_flight', { route, user: text })
  // @ts-expect-error a metric that is not declared
  metrics.cell('sallyport_logins_total', {})

  const series = { type: 'counter', help: '' } as const
  // @ts-expect-error identity is no label
  const byPrincipal: Metric = { ...series, labels: { who: identity } }
  // @ts-expect-error detail is no label
  const byDetail: Metric = { ...series, labels: { uri: detail } }
  // @ts-expect-error local text is no label
  const byLocal: Metric = { ...series, labels: { target: local } }
  void [byPrincipal, byDetail, byLocal]
}

/** A span carries no local text, an event neither that nor detail. */
function forbiddenElsewhere(detail: Detail, local: Local): void {
  // @ts-expect-error local text on a span
  const onSpan: SpanField = local
  // @ts-expect-error local text in an event
  const inEvent: AnalyticsField = local
  // @ts-expect-error detail in an event
  const detailInEvent: AnalyticsField = detail
  void [onSpan, inEvent, detailInEvent]
}

it('T20, T23: what a sink may not carry does not compile; the printed contract says the same', () => {
  expect(contract).toEqual([true, true, true])
  expect([forbidden, forbiddenElsewhere]).toHaveLength(2)
})
