import type { ClientFamily } from '../mcp/client-family.ts'
import type { Message } from '../mcp/message.ts'
import { anonymous } from '../principal/principal.ts'
import type { Principal } from '../principal/principal.ts'
import type { TraceContext } from '../telemetry/trace-context.ts'
import type { Completion, ErrorType } from '../telemetry/vocabulary.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { RefusalReason } from './refusal.ts'
import type { TracedContent } from './traced-content.ts'

/**
 * What is known of one request so far, filled by the steps as they learn it and read once, when the answer is over.
 * Times are on the monotonic clock, in milliseconds. Nothing decides by it: it is for telling, not for judging.
 */
export class CallRecord {
  readonly startedAt: number
  upstream: Upstream | null = null
  principal: Principal = anonymous
  messages: readonly Message[] = []
  client: ClientFamily = 'absent'
  refused: RefusalReason | null = null
  /** When the request went to the upstream; null when it never did. */
  sentAt: number | null = null
  answeredAt: number | null = null
  /** What the upstream's answer says went wrong. */
  answerError: ErrorType | null = null
  /** Set when the answer is an event stream. */
  stream: StreamRecord | null = null
  /** The number of tools in an answer to `tools/list`. */
  toolsListed: number | null = null
  /** Its place in a trace; null while nobody asked, and where traces are off. */
  trace: TraceContext | null = null
  /** Null unless the operator wants arguments and results on spans. */
  content: TracedContent | null = null

  constructor(startedAt: number) {
    this.startedAt = startedAt
  }
}

/** How an event stream went. */
export interface StreamRecord {
  readonly openedAt: number
  firstEventAt: number | null
  events: number
  completion: Completion
}
