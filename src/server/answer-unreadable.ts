import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { refusals } from '../gateway/refusal.ts'
import type { AnswerReason } from '../gateway/refusal.ts'

const reasons: Readonly<Record<string, AnswerReason>> = {
  HPE_HEADER_OVERFLOW: 'head_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'body_timeout',
}
const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
}

export interface AnswerUnreadableDependencies {
  readonly newRequestId: () => string
  /** Something was answered that the listener never saw. */
  readonly onUnreadable: (status: number) => void
}

/** A connection, and the answer Node is at on it. */
type Connection = Duplex & {
  readonly bytesRead?: number
  readonly _httpMessage?: (ServerResponse & { readonly req: IncomingMessage }) | null
  /** The request whose body is being read, also when its answer is over. */
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null
}

/**
 * Answers what the parser could not read as a request, in our own shape, and ends the connection: nobody knows where
 * a next request would begin (RFC 9112 section 9.3.2). Behind a request that is still waiting for its answer it says
 * nothing, for the client would take it for that one's (Node's own handler writes it there).
 */
export function createAnswerUnreadable({ newRequestId, onUnreadable }: AnswerUnreadableDependencies) {
  return (error: Error & { code?: string }, socket: Connection): void => {
    if (!socket.writable || error.code === 'ECONNRESET' || owesAnother(socket)) return void socket.destroy()
    const reason = reasons[error.code ?? ''] ?? 'bad_request'
    const { status, message } = refusals[reason]
    const requestId = newRequestId()
    const body = JSON.stringify({ error: { code: reason, message, requestId } })
    const head = [
      `HTTP/1.1 ${status} ${phrases[status] ?? ''}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
    ]
    // A request whose head could be read is the listener's to tell of; a connection without a byte brought none.
    if (!socket._httpMessage && !socket.parser?.incoming && socket.bytesRead !== 0) onUnreadable(status)
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  }
}

/** Whether a whole request before this one waits for its answer, or an answer to this one has begun. */
function owesAnother({ _httpMessage: answering }: Connection): boolean {
  return answering !== undefined && answering !== null && (answering.headersSent || answering.req.complete)
}
