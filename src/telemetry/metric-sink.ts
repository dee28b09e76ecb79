import { observe } from './metrics.ts'
import type { Cell, HistogramCell, Metrics } from './metrics.ts'
import type { SignalFields, SignalName } from './signals.ts'
import type { Emit } from './telemetry.ts'

/** Moves the metrics by signals. */
export interface MetricSink {
  readonly take: Emit
  /** Counts a value that was no member of its vocabulary. */
  refused(signal: SignalName): void
}

type Movers = { readonly [Name in SignalName]?: (fields: SignalFields<Name>) => void }

/** Series are looked up by a short key of their own label values: the label text is made once per series. */
export function createMetricSink(metrics: Metrics): MetricSink {
  const movers: Movers = {
    ...httpMovers(metrics),
    ...operationMovers(metrics),
    ...signInMovers(metrics),
    ...counters(metrics),
  }
  return {
    take: (signal, fields) => movers[signal]?.(fields),
    refused(signal) {
      metrics.cell('sallyport_telemetry_refused_values_total', { signal }).value += 1
    },
  }
}

interface AnsweredCells {
  readonly count: Cell
  readonly seconds: HistogramCell
}

function httpMovers(metrics: Metrics): Movers {
  const answered = new Map<string, AnsweredCells>()
  const inFlight = new Map<string, Cell>()
  return {
    http_request_started({ route }) {
      kept(inFlight, route, () => metrics.cell('sallyport_requests_in_flight', { route })).value += 1
    },
    http_request_ended({ route, method, status_class, duration }) {
      const cells = kept(answered, `${route} ${method} ${status_class}`, () => {
        const labels = { route, method, status_class }
        return {
          count: metrics.cell('sallyport_http_requests_total', labels),
          seconds: metrics.histogram('sallyport_http_request_duration_seconds', labels),
        }
      })
      cells.count.value += 1
      observe(cells.seconds, duration)
      kept(inFlight, route, () => metrics.cell('sallyport_requests_in_flight', { route })).value -= 1
    },
  }
}

function operationMovers(metrics: Metrics): Movers {
  const served = new Map<string, HistogramCell>()
  const asked = new Map<string, HistogramCell>()
  const up = new Map<string, Cell>()
  return {
    operation_ended({ mcp_method, upstream, tool, error_type, duration }) {
      const cell = kept(served, `${mcp_method} ${upstream} ${tool ?? ''} ${error_type ?? ''}`, () => {
        const labels = { mcp_method_name: mcp_method, upstream, tool, error_type }
        return metrics.histogram('mcp_server_operation_duration_seconds', labels)
      })
      observe(cell, duration)
    },
    upstream_operation_ended({ mcp_method, upstream, error_type, duration }) {
      const cell = kept(asked, `${mcp_method} ${upstream} ${error_type ?? ''}`, () => {
        const labels = { mcp_method_name: mcp_method, upstream, error_type }
        return metrics.histogram('mcp_client_operation_duration_seconds', labels)
      })
      observe(cell, duration)
      const isDown = error_type === 'upstream_unreachable' || error_type === 'upstream_timeout'
      kept(up, upstream, () => metrics.cell('sallyport_upstream_up', { upstream })).value = isDown ? 0 : 1
    },
    mcp_session_ended({ upstream, end_reason, duration }) {
      observe(metrics.histogram('mcp_server_session_duration_seconds', { upstream, end_reason }), duration)
    },
  }
}

function signInMovers(metrics: Metrics): Movers {
  return {
    login({ provider, outcome, duration }) {
      metrics.cell('sallyport_logins_total', { provider, outcome }).value += 1
      observe(metrics.histogram('sallyport_login_duration_seconds', { provider }), duration)
    },
    login_session_started(labels) {
      metrics.cell('sallyport_login_sessions_started_total', labels).value += 1
    },
    login_session_ended({ reason, duration }) {
      metrics.cell('sallyport_login_sessions_ended_total', { reason }).value += 1
      observe(metrics.histogram('sallyport_login_session_duration_seconds', { reason }), duration)
    },
    consent_granted(labels) {
      metrics.cell('sallyport_consents_granted_total', labels).value += 1
    },
    consent_revoked(labels) {
      metrics.cell('sallyport_consents_revoked_total', labels).value += 1
    },
    key_created(labels) {
      metrics.cell('sallyport_api_keys_created_total', labels).value += 1
    },
    key_revoked(labels) {
      metrics.cell('sallyport_api_keys_revoked_total', labels).value += 1
    },
    token_issued(labels) {
      metrics.cell('sallyport_tokens_issued_total', labels).value += 1
    },
    token_refreshed(labels) {
      metrics.cell('sallyport_tokens_refreshed_total', labels).value += 1
    },
    token_revoked(labels) {
      metrics.cell('sallyport_tokens_revoked_total', labels).value += 1
    },
    device_code_changed(labels) {
      metrics.cell('sallyport_device_codes_total', labels).value += 1
    },
  }
}

function counters(metrics: Metrics): Movers {
  const judged = new Map<string, Cell>()
  const cached = new Map<string, Cell>()
  return {
    auth_decided(labels) {
      const key = `${labels.method} ${labels.outcome}`
      kept(judged, key, () => metrics.cell('sallyport_auth_requests_total', labels)).value += 1
    },
    auth_rejected({ reason, surface }) {
      metrics.cell('sallyport_auth_rejected_total', { reason, surface }).value += 1
    },
    rate_limited({ endpoint }) {
      metrics.cell('sallyport_rate_limit_exceeded_total', { endpoint }).value += 1
    },
    store_query_failed({ operation }) {
      metrics.cell('sallyport_store_query_errors_total', { operation }).value += 1
    },
    cache_used(labels) {
      const key = `${labels.cache} ${labels.outcome}`
      kept(cached, key, () => metrics.cell('sallyport_cache_requests_total', labels)).value += 1
    },
  }
}

function kept<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  let value = values.get(key)
  if (value === undefined) {
    value = make()
    values.set(key, value)
  }
  return value
}
