import type { IncomingMessage, ServerResponse } from 'node:http'
import { clientAddress } from '../gateway/client-address.ts'
import type { Cors } from '../gateway/cors.ts'
import type { Guard } from '../gateway/guard.ts'
import type { Received } from '../gateway/received.ts'
import { refuse } from '../gateway/refuse.ts'
import { isRejection } from '../gateway/refusal.ts'
import type { Refusal } from '../gateway/refusal.ts'
import { readHead } from '../gateway/request-head.ts'
import type { Clock } from '../lib/clock.ts'
import { runCall } from '../principal/current-call.ts'
import { anonymous } from '../principal/principal.ts'
import type { Registered } from '../telemetry/field.ts'
import type { Log } from '../telemetry/log.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { httpMethods, statusClasses } from '../telemetry/vocabulary.ts'
import type { HttpMethod, StatusClass, Surface } from '../telemetry/vocabulary.ts'
import type { Route, RouteTable, UnknownPath } from './route-table.ts'

export interface ListenerDependencies {
  readonly guard: Guard
  readonly cors: Cors
  readonly isTrustedProxy: (address: string) => boolean
  readonly routes: RouteTable
  readonly unknownRoute: Registered<'route'>
  readonly unknownPath: UnknownPath
  readonly emit: Emit
  readonly log: Log
  readonly clock: Clock
  readonly newRequestId: () => string
  /** How many requests have begun and not ended. */
  readonly load: { running: number }
}

/** What Node's HTTP server calls for each request. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** The outermost step: observes everything, guards every route, answers every refusal. */
export function createListener(parts: ListenerDependencies): Listener {
  return (request, response) => {
    const head = readHead(request)
    const received: Received = {
      request,
      response,
      head,
      requestId: parts.newRequestId(),
      address: clientAddress(request.socket.remoteAddress, head.forwardedFor, parts.isTrustedProxy),
      cors: parts.cors.fieldsFor(head.origin),
    }
    const route = parts.routes.get(received.head.path)
    const surface = route?.surface ?? parts.unknownPath(received.head.path).surface
    observe(received, route?.template ?? parts.unknownRoute, parts)
    runCall({ requestId: received.requestId, principal: anonymous }, () => {
      void answer(received, route, parts).then((refusal) => {
        if (refusal !== null) answerRefusal(received, refusal, surface, parts)
        return null
      })
    })
  }
}

async function answer(
  received: Received,
  route: Route | undefined,
  parts: ListenerDependencies,
): Promise<Refusal | null> {
  try {
    const rejected = parts.guard(received.head, received.request.socket)
    if (rejected !== null) return rejected
    if (received.head.problem !== null) return received.head.problem
    if (route === undefined) return { refused: parts.unknownPath(received.head.path).reason }
    if (received.head.method === 'OPTIONS' && answerPreflight(received, route, parts.cors)) return null
    if (!route.methods.includes(received.head.method))
      return { refused: 'method_not_allowed', allow: route.methods }
    return await route.answer(received)
  } catch (error) {
    return {
      refused: 'internal',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
}

/** Answers a CORS preflight: after the guard, before authentication, which a preflight cannot carry. */
function answerPreflight(
  { request, response, head, requestId }: Received,
  route: Route,
  cors: Cors,
): boolean {
  const { 'access-control-request-method': method, 'access-control-request-headers': headers } =
    request.headers
  const fields = cors.preflight(head, { method, headers }, route.methods)
  if (fields === null) return false
  response.writeHead(204, ['X-Request-Id', requestId, ...fields])
  response.end()
  return true
}

function answerRefusal(
  received: Received,
  refusal: Refusal,
  surface: Surface,
  parts: ListenerDependencies,
): void {
  const reason = refusal.refused
  if (isRejection(reason)) parts.emit('auth_rejected', { reason, surface })
  if (reason === 'rate_limited') parts.emit('rate_limited', { endpoint: 'mcp' })
  if (refusal.detail !== undefined) {
    const fields = { requestId: received.requestId, reason, detail: refusal.detail }
    if (reason === 'internal') parts.log.error('a request failed', fields)
    else parts.log.warn('a request was refused', fields)
  }
  refuse(received, refusal, surface)
}

function observe(
  { response, head, requestId }: Received,
  route: Registered<'route'>,
  parts: ListenerDependencies,
) {
  const { emit, clock, log, load } = parts
  const startedAt = clock.monotonic()
  load.running += 1
  emit('http_request_started', { route })
  response.on('close', () => {
    load.running -= 1
    const duration = (clock.monotonic() - startedAt) / 1000
    // A client that left before its answer began has no status; what it missed counts as its own doing.
    const status = response.headersSent ? response.statusCode : 499
    emit('http_request_ended', {
      route,
      method: methodOf(head.method),
      status_class: classOf(status),
      duration,
    })
    log.debug('request', { requestId, route, method: methodOf(head.method), status, seconds: duration })
  })
}

const knownMethods: ReadonlySet<string> = new Set(httpMethods)

function methodOf(method: string): HttpMethod {
  return knownMethods.has(method) ? (method as HttpMethod) : 'other'
}

function classOf(status: number): StatusClass {
  return statusClasses[Math.floor(status / 100) - 1] ?? '5xx'
}
