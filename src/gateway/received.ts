import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallRecord } from './call-record.ts'
import type { RequestHead } from './request-head.ts'

/** A request that has arrived. Nothing is known about its sender. */
export interface Received {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly head: RequestHead
  readonly requestId: string
  /** The client's address, as far as trusted proxies vouch for it. */
  readonly address: string
  /** Response fields that let an allowed browser origin read the answer: name, value …; empty for others. */
  readonly cors: readonly string[]
  /** What is known of the request so far, for telling. */
  readonly call: CallRecord
}

/*
 * The stages after this one, `Routed → Identified → Understood → Authorized → Permitted`, are classes that only the file of their
 * own step can construct: it exports the type and keeps the class. A protected member makes each of them nominal, so
 * no object literal passes for one, and a step left out does not compile.
 */
