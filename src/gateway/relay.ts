import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock } from '../lib/clock.ts'
import { isModern } from '../mcp/era.ts'
import { AnswerWatch } from './answer-watch.ts'
import type { AnswerWatchDependencies } from './answer-watch.ts'
import type { Permitted } from './limit.ts'
import { EventStream } from './event-stream.ts'
import type { OpenStreams } from './event-stream.ts'
import { saysSessionLost } from './lost-session.ts'
import type { McpSession } from './mcp-session-store.ts'
import type { McpSessions } from './mcp-session.ts'
import { relayedFields } from './relayed-fields.ts'
import { refusals } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { failureOf } from './upstream-failure.ts'

/** Answers up to this size, of known length, are written with their head in one piece. */
const smallAnswer = 65_536

const eventStreamType = /^text\/event-stream\s*(?:;|$)/i

/** What a relay needs besides the request. */
export interface RelayParts {
  readonly sessions: McpSessions
  readonly streams: OpenStreams
  readonly watch: AnswerWatchDependencies
  readonly clock: Clock
}

type Controller = Dispatcher.DispatchController

/**
 * Carries one upstream's answer to its client, byte by byte. Settles with a refusal while nothing has been sent yet,
 * with null once the answer is over in whatever way.
 */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #permitted: Permitted
  readonly #parts: RelayParts
  readonly #settle: (outcome: Refusal | null) => void
  #controller: Controller | null = null
  #settled = false
  #clientGone = false
  #head: { readonly status: number; readonly fields: string[] } | null = null
  /** The collected body of a small answer; null when chunks are passed on as they come. */
  #collected: Buffer[] | null = null
  #collectedBytes = 0
  #informedAt: number | null = null
  #stream: EventStream | null = null
  readonly #watch: AnswerWatch
  /** What arrives while a session's change is committed; null at other times. Pausing does not hold back an early end. */
  #waiting: (() => void)[] | null = null
  /** Lets go of the session that this open stream keeps alive. */
  #release: (() => void) | null = null

  constructor(permitted: Permitted, parts: RelayParts, settle: (outcome: Refusal | null) => void) {
    this.#permitted = permitted
    this.#parts = parts
    this.#settle = settle
    const { call } = permitted.received
    call.sentAt = parts.watch.clock.monotonic()
    this.#watch = new AnswerWatch(call, parts.watch)
    // Ahead of whoever tells of the call when it closes: they are to know that the client has left.
    permitted.received.response.prependOnceListener('close', () => this.#onClientClose())
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#clientGone) controller.abort(clientGone())
  }

  onResponseStart(controller: Controller, status: number, headers: IncomingHttpHeaders): void {
    if (this.#settled) return
    if (status < 200) return this.#onInformation(controller)
    const refusal = this.#refusalFor(status, headers)
    if (refusal !== null) return this.#refuse(controller, refusal)
    const change = this.#sessionChange(status, headers)
    if (change === null) return this.#begin(status, headers)
    controller.pause()
    this.#waiting = []
    this.#beginAfter(change, controller, status, headers).catch((error: Error) => {
      this.#waiting = null
      this.onResponseError(controller, error)
      controller.abort(error)
    })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#settled) return
    if (this.#waiting !== null) return void this.#waiting.push(() => this.onResponseData(controller, chunk))
    this.#watch.chunk(chunk)
    if (this.#collected !== null) {
      this.#collected.push(chunk)
      this.#collectedBytes += chunk.length
      if (this.#collectedBytes > smallAnswer) this.#stopCollecting()
      return
    }
    const { response } = this.#permitted.received
    this.#stream?.note(chunk)
    if (response.write(chunk)) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    if (this.#settled) return
    if (this.#waiting !== null) return void this.#waiting.push(() => this.onResponseEnd())
    const { response } = this.#permitted.received
    if (this.#collected !== null && this.#head !== null) {
      const body = this.#collected.length === 1 ? this.#collected[0] : Buffer.concat(this.#collected)
      const { session } = this.#permitted
      if (session !== null && this.#head.status === 400 && body !== undefined && saysSessionLost(body)) {
        return this.#finish(this.#lost(session))
      }
      response.writeHead(this.#head.status, this.#head.fields)
      response.end(body)
    } else response.end()
    this.#watch.end('result')
    this.#finish(null)
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#settled) return
    const { response } = this.#permitted.received
    if (!response.headersSent) return this.#finish(failureOf(error))
    // The head has gone out, so a status can say no more. A modern client waits for an answer on this very stream
    // and is told in its own words; otherwise the connection is cut, so that a torn answer never looks whole.
    const notice = this.#stream === null ? null : this.#lossNotice(error)
    if (notice === null) response.destroy()
    else response.end(notice)
    this.#watch.end('truncated')
    this.#permitted.received.call.answerError = failureOf(error).refused
    this.#finish(null)
  }

  /** The answers that are not the client's business; null for those it gets. */
  #refusalFor(status: number, headers: IncomingHttpHeaders): Refusal | null {
    const { session, upstream } = this.#permitted
    // A field that may be there once and is there twice: two readers could take another one each.
    if (Array.isArray(headers['content-type']) || Array.isArray(headers['mcp-session-id'])) {
      return { refused: 'upstream_failed', detail: 'a response field was there twice' }
    }
    if (status >= 300 && status < 400)
      return { refused: 'upstream_redirected', detail: `the upstream answered ${status}` }
    if (status !== 401) return null
    if (upstream.identity.mode === 'forward-key') return { refused: 'upstream_rejected' }
    return session === null
      ? {
          refused: 'upstream_refused_gateway',
          detail:
            'the upstream answered 401: it must accept our publicUrl as issuer and its configured url as audience',
        }
      : this.#lost(session)
  }

  /** What the answer's head changes about a session; null when nothing. */
  #sessionChange(status: number, headers: IncomingHttpHeaders): Promise<Refusal | null> | null {
    const { received, session, upstream, principal } = this.#permitted
    const { sessions } = this.#parts
    const opened = this.#openedSession(headers)
    if (opened !== null) return sessions.open(opened, upstream.name, principal, received.call.client)
    if (session === null) return null
    const ends = status === 404 || (status < 300 && received.head.method === 'DELETE')
    return ends ? sessions.end(session, status === 404 ? 'upstream_lost' : 'deleted').then(() => null) : null
  }

  /** The session an answer opens: only that to a legacy `initialize` can. */
  #openedSession(headers: IncomingHttpHeaders): string | null {
    const { received, messages } = this.#permitted
    const id = headers['mcp-session-id']
    if (typeof id !== 'string' || id === received.head.sessionId) return null
    const initializes = messages.some(
      (message) => message.method === 'initialize' && !isModern(message, undefined),
    )
    return initializes ? id : null
  }

  /** Commits a session's change before the client learns of it; the answer waits, paused, meanwhile. */
  async #beginAfter(
    change: Promise<Refusal | null>,
    controller: Controller,
    status: number,
    headers: IncomingHttpHeaders,
  ): Promise<void> {
    const refusal = await change
    const waiting = this.#waiting ?? []
    this.#waiting = null
    if (refusal === null) this.#begin(status, headers)
    else this.#refuse(controller, refusal)
    for (const arrived of waiting) arrived()
    controller.resume()
  }

  #lost(session: McpSession): Refusal {
    void this.#parts.sessions.end(session, 'upstream_lost')
    return { refused: 'session_unknown', detail: 'the upstream has lost the session' }
  }

  #begin(status: number, headers: IncomingHttpHeaders): void {
    const { response, requestId, cors } = this.#permitted.received
    if (this.#settled) return
    const fields = ['X-Request-Id', requestId, ...cors, ...relayedFields(headers)]
    // An id that is bound to nobody would be refused when it comes back: it is not handed out.
    const sessionId = this.#openedSession(headers) ?? this.#permitted.received.head.sessionId
    if (sessionId !== undefined && headers['mcp-session-id'] === sessionId)
      fields.push('Mcp-Session-Id', sessionId)
    this.#head = { status, fields }
    const streaming = eventStreamType.test(headers['content-type'] ?? '')
    const length = status === 204 ? undefined : headers['content-length']
    this.#watch.begin(streaming)
    if (length !== undefined) fields.push('Content-Length', length)
    const { session } = this.#permitted
    // A refusal may say that the session is lost, which is told by another status; servers often give no length.
    const small = length === undefined ? status === 400 && session !== null : Number(length) <= smallAnswer
    if (!streaming && small) {
      this.#collected = []
      return
    }
    if (streaming) fields.push('X-Accel-Buffering', 'no')
    response.writeHead(status, fields)
    if (!streaming) return this.#expectEnd()
    response.flushHeaders()
    if (session !== null) this.#release = this.#parts.sessions.hold(session)
    const plain = headers['content-encoding'] === undefined && length === undefined
    const awaited = !waitsForEvents(this.#permitted)
    if (plain) this.#stream = this.#parts.streams.open(new EventStream(response, { awaited }))
  }

  /** An answer of no known length that turns out to be long is passed on as it comes. */
  #stopCollecting(): void {
    const { response } = this.#permitted.received
    if (this.#head !== null) response.writeHead(this.#head.status, this.#head.fields)
    for (const chunk of this.#collected ?? []) response.write(chunk)
    this.#collected = null
  }

  /** A request that may wait for events has no time limit; an answer that turns out to be none gets one. */
  #expectEnd(): void {
    if (!waitsForEvents(this.#permitted)) return
    const late = () => this.#controller?.abort(new Error('the answer did not end in time'))
    const timer = setTimeout(late, this.#permitted.upstream.timeoutSeconds * 1000).unref()
    this.#permitted.received.response.once('close', () => clearTimeout(timer))
  }

  /** Information is no answer: an upstream that sends nothing else is as late as one that is silent. */
  #onInformation(controller: Controller): void {
    const now = this.#parts.clock.monotonic()
    this.#informedAt ??= now
    if (now - this.#informedAt < this.#permitted.upstream.timeoutSeconds * 1000) return
    this.#refuse(controller, { refused: 'upstream_timeout', detail: 'only informational answers came' })
  }

  #refuse(controller: Controller, refusal: Refusal): void {
    this.#finish(refusal)
    controller.abort(new Error(refusal.refused))
  }

  /** A JSON-RPC error for the one request a modern stream answers; null where it could break the stream's grammar. */
  #lossNotice(error: Error): string | null {
    const { messages, received } = this.#permitted
    const message = messages.length === 1 ? messages[0] : undefined
    if (message?.kind !== 'request' || !isModern(message, received.head.protocolVersion)) return null
    if (this.#stream?.atBoundary !== true) return null
    const { refused } = failureOf(error)
    const { code, message: text } = refusals[refused]
    const data = { reason: refused, requestId: received.requestId }
    const answer = { jsonrpc: '2.0', id: message.id, error: { code, message: text, data } }
    return `event: message\ndata: ${JSON.stringify(answer)}\n\n`
  }

  /** Mirrors the client's leaving: nothing is drained for nobody. */
  #onClientClose(): void {
    if (this.#settled) return
    this.#clientGone = true
    this.#watch.end('cancelled')
    // Finished first: breaking off answers with an error at once, which is not the upstream's.
    this.#finish(null)
    this.#controller?.abort(clientGone())
  }

  #finish(outcome: Refusal | null): void {
    if (this.#settled) return
    this.#settled = true
    if (this.#stream !== null) this.#parts.streams.closed(this.#stream)
    this.#release?.()
    this.#settle(outcome)
  }
}

/** Whether silence is this request's normal state: a stream of whatever happens, not the answer to a call. */
export function waitsForEvents({ received, messages }: Permitted): boolean {
  return received.head.method === 'GET' || messages.some(({ method }) => method === 'subscriptions/listen')
}

function clientGone(): Error {
  return new Error('the client closed the connection')
}
