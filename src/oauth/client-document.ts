import type { Clock } from '../lib/clock.ts'
import type { FetchOutcome, GuardedFetch } from './guarded-fetch.ts'
import { judgeRegistration } from './registration.ts'
import type { ClientMetadata } from './registration.ts'

export interface DocumentOptions {
  /** Hosts documents may come from; empty for all public ones. */
  readonly hosts: readonly string[]
}

export interface DocumentDependencies {
  readonly fetch: GuardedFetch
  readonly clock: Clock
}

export type DocumentOutcome =
  | { readonly outcome: 'read'; readonly metadata: ClientMetadata; readonly freshUntil: number }
  | {
      readonly outcome: 'failed'
      readonly problem: string
      /** The host could not be asked, or not now: what it said before may hold on for a while. */
      readonly passing: boolean
    }

/** Reads the metadata document a client id names. Never rejects. */
export type ReadDocument = (clientId: string) => Promise<DocumentOutcome>

const longestUrl = 2048
const leastFreshMs = 300_000
const usualFreshMs = 3_600_000
const mostFreshMs = 86_400_000

/**
 * Whether a client id is the URL of a metadata document (draft-ietf-oauth-client-id-metadata-document section 3): https
 * with a path, no fragment, no user name, no dot segments. Only the one way in which such a URL is usually written counts,
 * so that no client has two ids.
 */
export function isDocumentUrl(clientId: string): boolean {
  if (clientId.length > longestUrl || clientId.includes('#')) return false
  const url = URL.parse(clientId)
  if (url === null || url.protocol !== 'https:' || url.href !== clientId) return false
  return url.pathname !== '/' && url.username === '' && url.password === ''
}

/** Whether documents of that URL's host are wanted. */
export function isDocumentHost(clientId: string, hosts: readonly string[]): boolean {
  const url = URL.parse(clientId)
  return url !== null && (hosts.length === 0 || hosts.some((host) => host.toLowerCase() === url.host))
}

/**
 * Redirects are not followed: with an open redirect anybody could speak for its host (section 5 of the draft forbids it
 * too). Answers are kept as long as HTTP says, five minutes at least and a day at most.
 */
export function createDocumentReader(
  { hosts }: DocumentOptions,
  { fetch, clock }: DocumentDependencies,
): ReadDocument {
  return async (clientId) => {
    if (!isDocumentUrl(clientId)) return failed('it is not the URL of a metadata document')
    if (!isDocumentHost(clientId, hosts)) return failed('its host is not one documents may come from')
    const got = await fetch(clientId, { redirects: 0 })
    if (got.outcome === 'failed') {
      const passing = got.problem === 'unreachable' || got.problem === 'too_slow'
      return failed(`the metadata document cannot be fetched: ${got.problem}`, passing)
    }
    if (got.status !== 200) {
      const passing = got.status >= 500 || got.status === 429
      return failed(`the metadata document was answered with status ${got.status}`, passing)
    }
    const document = objectFrom(got.text)
    if (document === null) return failed('the metadata document is no JSON object')
    if (document['client_id'] !== clientId) return failed('client_id in the metadata document is not its URL')
    const judged = judgeRegistration(document, 'metadata_document')
    if (judged.outcome === 'refused') return failed(judged.problem)
    return { outcome: 'read', metadata: judged.metadata, freshUntil: clock.now() + freshFor(got, clock) }
  }
}

function objectFrom(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}

/** Milliseconds an answer holds (RFC 9111 section 4.2), within our bounds. */
function freshFor({ header }: Extract<FetchOutcome, { outcome: 'answered' }>, clock: Clock): number {
  const bounded = (ms: number) => Math.min(mostFreshMs, Math.max(leastFreshMs, ms))
  const control = header('cache-control') ?? ''
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(control)) return leastFreshMs
  const seconds = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})/i.exec(control)?.[1]
  if (seconds !== undefined) {
    const age = Number(header('age') ?? 0)
    return bounded((Number(seconds) - (age > 0 ? age : 0)) * 1000)
  }
  const expires = header('expires')
  if (expires === null) return usualFreshMs
  // A date that is none has passed.
  const ends = Date.parse(expires) || 0
  return bounded(ends - (Date.parse(header('date') ?? '') || clock.now()))
}

function failed(problem: string, passing = false): DocumentOutcome {
  return { outcome: 'failed', problem, passing }
}
