import { isLoopbackHost } from '../../config/address.ts'
import { Failure } from '../../lib/error.ts'

/** `fetch` as far as providers need it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The way out to providers. */
export interface ProviderNetwork {
  readonly fetch: Fetch
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly deadline: (milliseconds: number) => AbortSignal
}

/** What a provider's documents and answers may weigh; the largest real ones are key sets of some 20 KiB. */
const mostBytes = 512 * 1024
const mostMs = 10_000

/** A provider that cannot be asked: that is no answer about the person. `why` is for the log. */
export function providerAway(
  provider: string,
  why: string,
  cause?: unknown,
): Failure<'provider_unavailable'> {
  return new Failure({
    code: 'provider_unavailable',
    status: 503,
    message: `${provider} cannot be asked now`,
    fix: 'try again in a moment, or sign in another way',
    detail: `${provider} ${why}`,
    cause,
  })
}

/**
 * A `fetch` whose every answer is whole, of bounded size and in time, or rejects with a `Failure`. It follows no
 * redirect, so that neither a code nor a password goes where nobody configured, and speaks plain http to loopback only.
 */
export function createProviderFetch(provider: string, { fetch, deadline }: ProviderNetwork): Fetch {
  return async (url, init) => {
    if (!isGuarded(url)) throw providerAway(provider, 'names a URL that is not https')
    const late = deadline(mostMs)
    const given = init.signal ?? null
    const signal = given === null ? late : AbortSignal.any([late, given])
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal })
      const { status, headers } = response
      if (status < 200 || status >= 500 || status === 429 || (status >= 300 && status < 400)) {
        await response.body?.cancel()
        throw providerAway(provider, `answered ${status}`)
      }
      const body = await readBody(response)
      if (body === null) throw providerAway(provider, `answered more than ${mostBytes} bytes`)
      return new Response(body.length === 0 ? null : body, { status, headers })
    } catch (error) {
      if (error instanceof Failure) throw error
      throw providerAway(provider, signal.aborted ? 'did not answer in time' : 'could not be reached', error)
    }
  }
}

/** Whether what goes there cannot be read on the way: https, or http to this very machine. */
export function isGuarded(url: string): boolean {
  const parsed = URL.parse(url)
  if (parsed === null) return false
  return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopbackHost(parsed.hostname))
}

/** Null when there is more than a provider has any reason to send: the rest is not read. */
async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > mostBytes) return null
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** The object in a JSON answer; null when there is none, whatever its media type says. */
export async function readObject(response: Response): Promise<Readonly<Record<string, unknown>> | null> {
  const value = await readJson(response)
  return isObject(value) ? value : null
}

/** The value of a JSON answer; undefined when it is none. */
export async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
