import { createLocalJWKSet, errors } from 'jose'
import type { CryptoKey, JWK, JWSHeaderParameters } from 'jose'
import type { Clock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch.ts'
import type { Emit } from '../telemetry/telemetry.ts'

export interface RemoteJwksDependencies {
  readonly fetch: Fetch
  readonly clock: Clock
  readonly emit: Emit
}

/** The keys that may have signed a token: none when no key of the issuer fits its header. */
export type FoundKeys =
  | { readonly keys: readonly CryptoKey[] }
  /** The issuer could not be asked, so nothing can be said. The text is for the log. */
  | { readonly unavailable: string }

/** The public keys of another issuer. */
export interface RemoteJwks {
  find(header: JWSHeaderParameters): Promise<FoundKeys>
}

const timeoutMs = 5000
const mostBytes = 262_144
const mostKeys = 100
/** After this the keys are asked for again; a rotation is seen earlier, by its unknown `kid`. */
const refreshAfterMs = 600_000
/** For so long known keys are used while their issuer does not answer; then one it has withdrawn is not. */
const usableForMs = 6 * 3_600_000
/** The least time between two questions: tokens with made-up key ids must not become requests (T41). */
const leastGapMs = 30_000
/** The same while there is no key at all: then each call waits for one. */
const retryGapMs = 1000

interface FetchedKeys {
  readonly select: ReturnType<typeof createLocalJWKSet>
  readonly at: number
}

/** Finds keys at a `jwks_uri` (RFC 7517 section 5), asking there seldom, and once at a time. */
export function createRemoteJwks(uri: string, { fetch, clock, emit }: RemoteJwksDependencies): RemoteJwks {
  let fetched: FetchedKeys | null = null
  let asked: { readonly at: number; readonly failure: string | null } | null = null
  let asking: Promise<void> | null = null

  const ask = async () => {
    const at = clock.monotonic()
    try {
      const { keys } = await fetchKeySet(uri, fetch)
      fetched = { select: createLocalJWKSet({ keys: [...keys] }), at }
      asked = { at, failure: null }
    } catch (error) {
      emit('cache_used', { cache: 'jwks', outcome: 'error' })
      asked = { at, failure: `${uri}: ${error instanceof Error ? error.message : 'no answer'}` }
    }
  }
  const refresh = async () => {
    asking ??= ask().finally(() => (asking = null))
    await asking
  }
  const mayAsk = () => {
    const gap = usable() === null ? retryGapMs : leastGapMs
    return asked === null || clock.monotonic() - asked.at >= gap
  }
  const usable = () =>
    fetched !== null && clock.monotonic() - fetched.at < usableForMs ? fetched.select : null
  const isFresh = () => fetched !== null && clock.monotonic() - fetched.at < refreshAfterMs

  return {
    async find(header) {
      let found = await select(usable(), header)
      if (found.length > 0) {
        // Nobody waits while keys that are known are asked for again.
        if (!isFresh() && mayAsk()) void refresh()
        emit('cache_used', { cache: 'jwks', outcome: 'hit' })
        return { keys: found }
      }
      if (asking !== null || mayAsk()) {
        emit('cache_used', { cache: 'jwks', outcome: 'miss' })
        await refresh()
        found = await select(usable(), header)
      }
      // A key that nobody knows may be a new one: while its issuer is silent, that is not the caller's fault.
      const failure = asked?.failure ?? null
      return found.length === 0 && failure !== null ? { unavailable: failure } : { keys: found }
    },
  }
}

async function select(
  keys: FetchedKeys['select'] | null,
  header: JWSHeaderParameters,
): Promise<readonly CryptoKey[]> {
  if (keys === null) return []
  try {
    return [await keys(header)]
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) {
      const found: CryptoKey[] = []
      for await (const key of error) found.push(key)
      return found
    }
    // No key fits, or the one that does cannot be used.
    return []
  }
}

/** A key set as it was published. */
export interface KeySet {
  readonly keys: readonly JWK[]
  /** What the server's clock said, in epoch milliseconds; null when it did not. */
  readonly date: number | null
}

/** Fetches a key set, within bounds of time and size. Rejects with the reason when there is none to be had. */
export async function fetchKeySet(uri: string, fetch: Fetch): Promise<KeySet> {
  const response = await fetch(uri, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw new Error(reasonOf(error), { cause: error })
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`answered ${response.status}`)
  }
  const set: unknown = JSON.parse(await readText(response))
  const keys = set !== null && typeof set === 'object' && 'keys' in set ? set.keys : null
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > mostKeys) throw new Error('holds no key set')
  // Secret keys have no place among public ones, and must not verify anything (algorithm confusion).
  const usable = (keys as unknown[]).filter(
    (key) => key !== null && typeof key === 'object' && 'kty' in key && key.kty !== 'oct',
  )
  const date = Date.parse(response.headers.get('date') ?? '')
  return { keys: usable as JWK[], date: Number.isNaN(date) ? null : date }
}

/** `fetch` says only that it failed; why is the cause of its error. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return 'no answer'
  return 'code' in cause ? String(cause.code) : cause.message
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > mostBytes) throw new Error(`is larger than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
