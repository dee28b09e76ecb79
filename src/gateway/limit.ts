import type { Message } from '../mcp/message.ts'
import type { Limiter, LimitPolicy } from '../limits/limiter.ts'
import type { Principal } from '../principal/principal.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Authorized } from './authorize.ts'
import { addressGroup } from './client-address.ts'
import type { McpSession } from './mcp-session-store.ts'
import type { Received } from './received.ts'
import type { Refusal } from './refusal.ts'

/** The budgets of MCP endpoints. */
export interface Limits {
  readonly limiter: Limiter
  readonly perPrincipal: LimitPolicy
  readonly perAnonymousAddress: LimitPolicy
  /** `server/discover`, of anybody. */
  readonly discovery: LimitPolicy
  /** Refused credentials of one address. */
  readonly failures: LimitPolicy
}

class PermittedRequest {
  declare protected readonly stage: 'permitted'
  readonly received: Received
  readonly upstream: Upstream
  readonly principal: Principal
  readonly body: Buffer | null
  readonly messages: readonly Message[]
  /** The MCP session it belongs to; null when it names none. */
  readonly session: McpSession | null

  constructor(authorized: Authorized) {
    this.received = authorized.received
    this.upstream = authorized.upstream
    this.principal = authorized.principal
    this.body = authorized.body
    this.messages = authorized.messages
    this.session = authorized.session
  }
}

/** A request that may be forwarded now. The only thing `forward` accepts. */
export type Permitted = PermittedRequest

/**
 * Takes the request from its caller's budget: one use for each message. With limits off, `limits` is null. A client
 * that asks which era is spoken here takes a 429 for "legacy" and stays with that, so its question has a budget of
 * its own.
 */
export function limit(authorized: Authorized, limits: Limits | null): Permitted | Refusal {
  if (limits === null) return new PermittedRequest(authorized)
  const { principal, received, messages } = authorized
  const policy = policyFor(principal, messages, limits)
  const decision = limits.limiter.take(policy, budgetOf(principal, received), Math.max(1, messages.length))
  if (decision.allowed) return new PermittedRequest(authorized)
  return { refused: 'rate_limited', limit: { policy, decision } }
}

/** Alone, that is: at the head of a batch the question would carry the rest past the limit. */
function policyFor(principal: Principal, messages: readonly Message[], limits: Limits): LimitPolicy {
  if (messages.length === 1 && messages[0]?.method === 'server/discover') return limits.discovery
  return principal.kind === 'anonymous' ? limits.perAnonymousAddress : limits.perPrincipal
}

/** Made once for each principal object: the same text is found by its hash, a new one must be hashed first. */
const budgets = new WeakMap<Principal, string>()

function budgetOf(principal: Principal, { address }: Received): string {
  if (principal.kind === 'anonymous') return addressGroup(address)
  let budget = budgets.get(principal)
  if (budget === undefined) {
    budget = `${principal.issuer}\n${principal.subject}`
    budgets.set(principal, budget)
  }
  return budget
}

/**
 * The refusals an attacker gathers by guessing. A caller without any credential is not guessing; nor is one whose
 * access token was genuine and has ended: it must learn to refresh, which a 429 does not say.
 */
const guesses: ReadonlySet<string> = new Set([
  'unknown_key',
  'bad_signature',
  'bad_algorithm',
  'unknown_issuer',
  'malformed_token',
  'malformed_header',
  'not_bearer',
  'empty_token',
  'revoked_key',
  'expired_key',
  'upstream_rejected',
])

/**
 * Counts a refused credential against its address; past the budget the answer is 429. It is asked after the
 * credential was judged, here or by the upstream whose key it is: a valid one is never refused for the failures of
 * others behind the same proxy (T55).
 */
export function limitFailures(refusal: Refusal, { address }: Received, limits: Limits | null): Refusal {
  if (limits === null || !guesses.has(refusal.refused)) return refusal
  const decision = limits.limiter.take(limits.failures, addressGroup(address))
  return decision.allowed
    ? refusal
    : { ...refusal, refused: 'rate_limited', limit: { policy: limits.failures, decision } }
}
