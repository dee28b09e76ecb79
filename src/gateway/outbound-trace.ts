import { overwriteTraceParents, readTraceParent, writeTraceParent } from '../mcp/trace-parent.ts'
import type { TraceParent } from '../mcp/trace-parent.ts'
import type { TraceContext } from '../telemetry/trace-context.ts'
import type { Traces } from '../telemetry/traces.ts'
import type { Permitted } from './limit.ts'
import type { Received } from './received.ts'

const none: readonly TraceParent[] = Object.freeze([])

/** The place of a request in its trace: made at the first question, so that one refused early has one too. */
export function contextOf({ call, head }: Pick<Received, 'call' | 'head'>, traces: Traces): TraceContext {
  call.trace ??= traces.open({ http: httpParent(head), meta: metaParents(call) })
  return call.trace
}

/**
 * Puts our call between the caller's span and the upstream's: in the `traceparent` field, and in each `_meta` that has
 * one already. Answers the fields to send. With traces off everything passes as it came.
 */
export function joinTrace({ received, body }: Permitted, traces: Traces | null): readonly string[] {
  const { call, head } = received
  if (traces === null) return head.forwarded
  const context = contextOf(received, traces)
  if (traces.discloses.contents && body !== null) call.content = { body, answer: null }
  const { traceId, clientSpanId: spanId, sampled } = context
  const traceParent = writeTraceParent({ traceId, spanId }, sampled)
  if (body !== null && call.messages.some((message) => message.traceParent !== null))
    overwriteTraceParents(body, traceParent)
  if (head.traceParent === undefined && !head.forwarded.includes('tracestate'))
    return ['traceparent', traceParent, ...head.forwarded]
  // `tracestate` belongs to the header's own trace, and goes nowhere without it (W3C Trace Context section 3.3).
  const keepsState = head.forwarded.includes('tracestate') && httpParent(head)?.traceId === traceId
  const fields = ['traceparent', traceParent]
  for (let place = 0; place < head.forwarded.length; place += 2) {
    const name = head.forwarded[place] ?? ''
    if (name === 'traceparent' || (name === 'tracestate' && !keepsState)) continue
    fields.push(name, head.forwarded[place + 1] ?? '')
  }
  return fields
}

function httpParent({ traceParent }: Received['head']): TraceParent | null {
  return traceParent === undefined ? null : readTraceParent(traceParent.trim())
}

function metaParents({ messages }: Received['call']): readonly TraceParent[] {
  let parents: TraceParent[] | null = null
  for (const { traceParent } of messages) if (traceParent !== null) (parents ??= []).push(traceParent)
  return parents ?? none
}
