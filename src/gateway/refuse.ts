import type { IncomingMessage } from 'node:http'
import type { RequestId } from '../mcp/message.ts'
import type { Surface } from '../telemetry/vocabulary.ts'
import type { Received } from './received.ts'
import { refusals } from './refusal.ts'
import type { Refusal } from './refusal.ts'

/** A refusal in words for people, made by who knows how pages look. */
export interface RefusalDocument {
  readonly contentType: string
  readonly body: string
  /** Fields besides those of every refusal: name, value … */
  readonly fields: readonly string[]
}

/**
 * Answers a refused request in the words of its surface: JSON-RPC on MCP endpoints, a document for people where there
 * is one, plain JSON elsewhere.
 */
export function refuse(
  received: Received,
  refusal: Refusal,
  surface: Surface,
  challenge: string | null,
  document: RefusalDocument | null = null,
): void {
  const { response, request, requestId, cors } = received
  if (response.headersSent) {
    response.destroy()
    return
  }
  const row = refusals[refusal.refused]
  const message = refusal.hint === undefined ? row.message : `${row.message} (${refusal.hint})`
  const body =
    surface === 'mcp'
      ? jsonRpcError(refusal.id ?? null, row.code, message, refusal.refused, requestId)
      : { error: { code: refusal.refused, message, requestId } }
  const bytes = Buffer.from(document?.body ?? JSON.stringify(body))
  const contentType = document?.contentType ?? 'application/json'
  const fields = ['Content-Type', contentType, 'Content-Length', String(bytes.length)]
  fields.push('X-Request-Id', requestId, 'Cache-Control', 'no-store', ...cors, ...(document?.fields ?? []))
  if (challenge !== null) fields.push('WWW-Authenticate', challenge)
  if (refusal.allow !== undefined) fields.push('Allow', refusal.allow.join(', '))
  if (row.status === 503) fields.push('Retry-After', '1')
  if (refusal.limit !== undefined) fields.push(...rateLimitFields(refusal.limit))
  // A body nobody read must not be taken for the next request, nor be read to its end for nothing.
  if (!request.complete) fields.push('Connection', 'close')
  response.writeHead(row.status, fields)
  if (request.complete) return void response.end(bytes)
  response.write(bytes)
  discardRest(request, () => response.end())
}

const lingerMs = 5000
const lingerBytes = 16 * 1024 * 1024

/**
 * Closing on a client that still sends resets the connection, and it loses the answer that says why (RFC 9112 section
 * 9.6). So what is on its way is taken and thrown away, up to a bound, before the connection ends.
 */
function discardRest(request: IncomingMessage, over: () => void): void {
  let left = lingerBytes
  const settle = () => {
    clearTimeout(timer)
    request.off('data', onData).off('end', settle).off('close', settle)
    over()
  }
  const onData = (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) settle()
  }
  const timer = setTimeout(settle, lingerMs).unref()
  request.on('data', onData).on('end', settle).on('close', settle)
  request.resume()
}

/** RFC 6585 section 4 and draft-ietf-httpapi-ratelimit-headers. */
function rateLimitFields({ policy, decision }: NonNullable<Refusal['limit']>): string[] {
  const { retryAfterSeconds, remaining } = decision
  return [
    'Retry-After',
    String(retryAfterSeconds),
    'RateLimit-Policy',
    `"${policy.name}";q=${policy.quota};w=${policy.windowSeconds}`,
    'RateLimit',
    `"${policy.name}";r=${remaining};t=${retryAfterSeconds}`,
  ]
}

function jsonRpcError(
  id: RequestId | null,
  code: number,
  message: string,
  reason: string,
  requestId: string,
) {
  return { jsonrpc: '2.0', id, error: { code, message, data: { reason, requestId } } }
}
