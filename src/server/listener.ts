import type { IncomingMessage, ServerResponse } from 'node:http'
import { CallRecord } from '../gateway/call-record.ts'
import { clientAddress } from '../gateway/client-address.ts'
import type { Cors } from '../gateway/cors.ts'
import type { Guard } from '../gateway/guard.ts'
import type { EndedRequests } from '../gateway/ended-requests.ts'
import { errorOf, senderOf } from '../gateway/observe-call.ts'
import type { Received } from '../gateway/received.ts'
import { namesMetadata } from '../gateway/challenge.ts'
import type { Challenge } from '../gateway/challenge.ts'
import { refuse } from '../gateway/refuse.ts'
import type { RefusalDocument } from '../gateway/refuse.ts'
import { isRejection } from '../gateway/refusal.ts'
import type { Refusal } from '../gateway/refusal.ts'
import { readHead } from '../gateway/request-head.ts'
import type { Clock } from '../lib/clock.ts'
import { runCall } from '../principal/current-call.ts'
import { anonymous } from '../principal/principal.ts'
import type { Registered } from '../telemetry/field.ts'
import type { Log } from '../telemetry/log.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { httpMethods } from '../telemetry/vocabulary.ts'
import type { HttpMethod, Surface } from '../telemetry/vocabulary.ts'
import { findRoute } from './route-table.ts'
import type { Route, RouteTable, UnknownPath } from './route-table.ts'

export interface ListenerDependencies {
  readonly guard: Guard
  readonly cors: Cors
  readonly isTrustedProxy: (address: string) => boolean
  readonly routes: RouteTable
  readonly unknownRoute: Registered<'route'>
  readonly unknownPath: UnknownPath
  readonly challenge: Challenge
  /** Whether some upstream accepts access tokens. */
  readonly oauthConfigured: boolean
  readonly emit: Emit
  readonly log: Log
  readonly clock: Clock
  readonly newRequestId: () => string
  readonly ended: Pick<EndedRequests, 'add'>
  /** How many requests have begun and not ended. */
  readonly load: { running: number }
  /** Words a refusal on the pages for a person; null where the sender is a program. */
  readonly refusalPage?: (received: Received, refusal: Refusal) => RefusalDocument | null
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
      call: new CallRecord(parts.clock.monotonic()),
    }
    const route = findRoute(parts.routes, received.head.path)
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
  received.call.refused = reason
  const challenge = parts.challenge(received, refusal)
  if (isRejection(reason)) {
    const oauth = {
      oauth_configured: parts.oauthConfigured,
      resource_metadata_url_present: namesMetadata(challenge),
    }
    parts.emit('auth_rejected', { reason, surface, ...oauth, ...senderOf(received) })
  }
  if (reason === 'rate_limited')
    parts.emit('rate_limited', { endpoint: refusal.endpoint ?? 'mcp', ...senderOf(received) })
  if (refusal.detail !== undefined) {
    const fields = { requestId: received.requestId, reason, detail: refusal.detail }
    if (reason === 'internal') parts.log.error('a request failed', fields)
    else parts.log.warn('a request was refused', fields)
  }
  const page = surface === 'pages' ? (parts.refusalPage?.(received, refusal) ?? null) : null
  refuse(received, refusal, surface, challenge, page)
}

function observe(received: Received, route: Registered<'route'>, parts: ListenerDependencies) {
  const { emit, clock, log, load, ended } = parts
  const { request, response, head, requestId, call } = received
  load.running += 1
  emit('http_request_started', { route })
  response.on('close', () => {
    load.running -= 1
    const endedAt = clock.monotonic()
    const method = methodOf(head.method)
    const status = response.headersSent ? response.statusCode : null
    const httpVersion = request.httpVersion === '1.0' ? '1.0' : '1.1'
    const error = errorOf(received)
    const at = clock.now()
    const { address } = received
    ended.add({ call, head, requestId, address, httpVersion, route, method, status, error, endedAt, at })
    const seconds = (endedAt - call.startedAt) / 1000
    log.debug('request', { requestId, route, method, status: status ?? 499, seconds })
  })
}

const knownMethods: ReadonlySet<string> = new Set(httpMethods)

function methodOf(method: string): HttpMethod {
  return knownMethods.has(method) ? (method as HttpMethod) : 'other'
}
