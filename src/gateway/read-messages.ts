import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { parseBody } from '../mcp/message.ts'
import type { Message } from '../mcp/message.ts'
import { contradictingHeader } from '../mcp/request-headers.ts'
import type { Principal } from '../principal/principal.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Identified } from './authenticate.ts'
import type { Received } from './received.ts'
import type { Refusal } from './refusal.ts'

class UnderstoodRequest {
  declare protected readonly stage: 'understood'
  readonly received: Received
  readonly upstream: Upstream
  readonly principal: Principal
  /** The bytes to relay, as they came; null for GET and DELETE. */
  readonly body: Buffer | null
  readonly messages: readonly Message[]

  constructor(
    { received, upstream, principal }: Identified,
    body: Buffer | null,
    messages: readonly Message[],
  ) {
    this.received = received
    this.upstream = upstream
    this.principal = principal
    this.body = body
    this.messages = messages
  }
}

/** A request whose body has been read and is one clear meaning. */
export type Understood = UnderstoodRequest

/** Reads the body of a caller who is known, bounded in size, and parses it once for policy. */
export async function readMessages(identified: Identified, maxBytes: number): Promise<Understood | Refusal> {
  const { head, request } = identified.received
  if (head.method !== 'POST') return new UnderstoodRequest(identified, null, [])
  if (head.contentEncoding !== undefined && head.contentEncoding.trim().toLowerCase() !== 'identity') {
    return { refused: 'content_encoding' }
  }
  if (!isJson(head.contentType)) return { refused: 'unsupported_media_type' }
  const body = await readBody(request, maxBytes)
  if (!Buffer.isBuffer(body)) return body
  if (body.length === 0) return { refused: 'body_missing' }
  if (!isUtf8(body)) return { refused: 'invalid_utf8' }
  const parsed = parseBody(body.toString('utf8'))
  if ('problem' in parsed) {
    const { problem } = parsed
    return problem.reason === 'ambiguous_key'
      ? { refused: problem.reason, hint: problem.key.slice(0, 100) }
      : { refused: problem.reason }
  }
  const mirrored = { method: head.mcpMethod, name: head.mcpName, protocolVersion: head.protocolVersion }
  for (const message of parsed.messages) {
    const header = contradictingHeader(mirrored, message)
    if (header !== null) return { refused: 'header_mismatch', hint: header, id: message.id }
  }
  return new UnderstoodRequest(identified, body, parsed.messages)
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true
  const essence = (contentType ?? '').split(';', 1)[0] ?? ''
  return essence.trim().toLowerCase() === 'application/json'
}

const nothing = Buffer.alloc(0)
/** What a body of unknown length begins with, in bytes. */
const leastHeld = 16_384

/** Collects the body. Past the limit it stops reading: the rest is never held in memory. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | Refusal> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBytes) return Promise.resolve({ refused: 'body_too_large', hint: `${maxBytes} bytes` })
  if (request.destroyed) return Promise.resolve({ refused: 'body_missing', detail: 'the client has left' })
  return new Promise((resolve) => {
    // One growing buffer: a body in single bytes must not cost an object for each.
    let held: Buffer = nothing
    let size = 0
    const onData = (chunk: Buffer) => {
      // Most bodies are one chunk, which is then the body itself.
      if (size === 0 && chunk.length === declared) {
        held = chunk
        size = chunk.length
        return
      }
      const end = size + chunk.length
      if (end > maxBytes) {
        request.off('data', onData)
        request.pause()
        resolve({ refused: 'body_too_large', hint: `${maxBytes} bytes` })
        return
      }
      if (end > held.length) {
        const larger = Buffer.allocUnsafe(
          Math.min(maxBytes, Math.max(end, declared, held.length * 2, leastHeld)),
        )
        held.copy(larger, 0, 0, size)
        held = larger
      }
      chunk.copy(held, size)
      size = end
    }
    request.on('data', onData)
    // Whatever happens first decides: what comes after it resolves nothing.
    request.on('end', () => resolve(held.subarray(0, size)))
    request.on('close', () =>
      resolve({ refused: 'body_missing', detail: 'the client closed before its body was complete' }),
    )
  })
}
