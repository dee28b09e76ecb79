import type { IncomingMessage, ServerResponse } from 'node:http'
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
import type { Route, RouteTable } from './route-table.ts'

export interface ListenerDependencies {
  readonly guard: Guard
  readonly routes: RouteTable
  readonly unknownRoute: Registered<'route'>
  readonly emit: Emit
  readonly log: Log
  readonly clock: Clock
  readonly newRequestId: () => string
}

/** What Node's HTTP server calls for each request. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** The outermost step: observes everything, guards every route, answers every refusal. */
export function createListener(parts: ListenerDependencies): Listener {
  return (request, response) => {
    const received: Received = { request, response, head: readHead(request), requestId: parts.newRequestId() }
    const route = parts.routes.get(received.head.path)
    const surface = route?.surface ?? (isMcpPath(received.head.path) ? 'mcp' : 'other')
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
    if (route === undefined)
      return { refused: isMcpPath(received.head.path) ? 'upstream_unknown' : 'not_found' }
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

/** Whether a path without a route would be an MCP endpoint if such an upstream existed; nothing merely like it. */
function isMcpPath(path: string): boolean {
  return /^\/mcp(?:\/[a-z0-9_-]{1,64})?$/.test(path)
}

function answerRefusal(
  received: Received,
  refusal: Refusal,
  surface: Surface,
  parts: ListenerDependencies,
): void {
  const reason = refusal.refused
  if (isRejection(reason)) parts.emit('auth_rejected', { reason, surface })
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
  const { emit, clock, log } = parts
  const startedAt = clock.monotonic()
  emit('http_request_started', { route })
  response.once('close', () => {
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
