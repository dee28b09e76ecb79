import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHead } from './request-head.ts'

/** A request that has arrived. Nothing is known about its sender. */
export interface Received {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly head: RequestHead
  readonly requestId: string
}

/*
 * The stages after this one, `Routed → Identified → Understood → Permitted`, are classes that only the file of their
 * own step can construct: it exports the type and keeps the class. A protected member makes each of them nominal, so
 * no object literal passes for one, and a step left out does not compile.
 */
