import type { Registered } from './field.ts'
import { observe } from './metrics.ts'
import type { Cell, HistogramCell, Metrics } from './metrics.ts'
import type { SignalFields, SignalName } from './signals.ts'
import { Places } from './places.ts'

type Movers = { readonly [Name in SignalName]?: (fields: SignalFields<Name>) => void }

/** Moves the metrics by signals. */
export interface MetricSink {
  /** What a signal's fields move; null for a signal that moves nothing. */
  moverOf(signal: SignalName): ((fields: object) => void) | null
  /** Counts a value that was no member of its vocabulary. */
  refused(signal: SignalName): void
}

/** Series are looked up by their label values: the label text is made once per series. */
export function createMetricSink(metrics: Metrics): MetricSink {
  const movers: Movers = {
    ...httpMovers(metrics),
    ...operationMovers(metrics),
    ...signInMovers(metrics),
    ...counters(metrics),
  }
  return {
    moverOf: (signal) => (movers[signal] ?? null) as ((fields: object) => void) | null,
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
  const answered = new Places<AnsweredCells>()
  const inFlight = new Places<Cell>()
  const inFlightOn = (route: Registered<'route'>) =>
    inFlight.get(route) ?? inFlight.put(metrics.cell('sallyport_requests_in_flight', { route }), route)
  return {
    http_request_started({ route }) {
      inFlightOn(route).value += 1
    },
    http_request_ended({ route, method, status_class, duration }) {
      let cells = answered.get(route, method, status_class)
      if (cells === undefined) {
        const labels = { route, method, status_class }
        const count = metrics.cell('sallyport_http_requests_total', labels)
        const seconds = metrics.histogram('sallyport_http_request_duration_seconds', labels)
        cells = answered.put({ count, seconds }, route, method, status_class)
      }
      cells.count.value += 1
      observe(cells.seconds, duration)
      inFlightOn(route).value -= 1
    },
  }
}

function operationMovers(metrics: Metrics): Movers {
  const served = new Places<HistogramCell>()
  const asked = new Places<HistogramCell>()
  const up = new Places<Cell>()
  return {
    operation_ended({ mcp_method, upstream, tool, error_type, duration }) {
      let cell = served.get(mcp_method, upstream, tool, error_type)
      if (cell === undefined) {
        const labels = { mcp_method_name: mcp_method, upstream, tool, error_type }
        cell = metrics.histogram('mcp_server_operation_duration_seconds', labels)
        served.put(cell, mcp_method, upstream, tool, error_type)
      }
      observe(cell, duration)
    },
    upstream_operation_ended({ mcp_method, upstream, error_type, duration }) {
      let cell = asked.get(mcp_method, upstream, error_type)
      if (cell === undefined) {
        const labels = { mcp_method_name: mcp_method, upstream, error_type }
        cell = metrics.histogram('mcp_client_operation_duration_seconds', labels)
        asked.put(cell, mcp_method, upstream, error_type)
      }
      observe(cell, duration)
      const isDown = error_type === 'upstream_unreachable' || error_type === 'upstream_timeout'
      const state = up.get(upstream) ?? up.put(metrics.cell('sallyport_upstream_up', { upstream }), upstream)
      state.value = isDown ? 0 : 1
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
  const judged = new Places<Cell>()
  const cached = new Places<Cell>()
  return {
    auth_decided({ method, outcome }) {
      let cell = judged.get(method, outcome)
      if (cell === undefined) {
        cell = metrics.cell('sallyport_auth_requests_total', { method, outcome })
        judged.put(cell, method, outcome)
      }
      cell.value += 1
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
    cache_used({ cache, outcome }) {
      let cell = cached.get(cache, outcome)
      if (cell === undefined) {
        cell = metrics.cell('sallyport_cache_requests_total', { cache, outcome })
        cached.put(cell, cache, outcome)
      }
      cell.value += 1
    },
  }
}
