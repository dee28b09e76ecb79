import { AsyncLocalStorage } from 'node:async_hooks'
import type { Principal } from './principal.ts'

/** What belongs to the request being handled, and to no other. */
export interface CurrentCall {
  readonly requestId: string
  /** Anonymous until `authenticate` has said otherwise; set on every branch (T1, T12). */
  principal: Principal
}

const storage = new AsyncLocalStorage<CurrentCall>()

/**
 * Runs one request inside its own scope. `run`, never `enterWith`: the scope ends with the request, so the next
 * one on the same connection starts from nothing (T1).
 */
export function runCall<Result>(call: CurrentCall, work: () => Result): Result {
  return storage.run(call, work)
}

/** The request being handled; undefined outside of one. */
export function currentCall(): CurrentCall | undefined {
  return storage.getStore()
}
