import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { Agent, buildConnector, request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Fetch } from '../lib/fetch.ts'
import { createNameLookup } from './name-lookup.ts'
import { isPublicAddress } from './public-address.ts'

/** What a fetch of a URL that a stranger gave may reach. Only tests have another than `publicInternet`. */
export interface Reach {
  readonly allows: (address: string) => boolean
  readonly lookup: LookupFunction
  /** PEM of a private CA; null for those the process trusts. */
  readonly ca: string | null
}

/** Addresses of the public internet, by the names its name servers resolve. */
export const publicInternet: Reach = { allows: isPublicAddress, lookup: createNameLookup(), ca: null }

/** Why nothing usable came. */
export type FetchProblem =
  | 'not_https'
  | 'host_refused'
  | 'address_refused'
  | 'too_many_redirects'
  | 'too_large'
  | 'too_slow'
  | 'unreachable'
  | 'not_json'

export type FetchOutcome =
  | {
      readonly outcome: 'answered'
      readonly status: number
      readonly header: (name: string) => string | null
      readonly text: string
    }
  | { readonly outcome: 'failed'; readonly problem: FetchProblem }

export interface FetchLimits {
  /** Redirects that are followed; each is judged like the first URL. */
  readonly redirects: number
  /** Judges each URL before it is asked. */
  readonly allowsUrl?: (url: URL) => boolean
}

/** GETs JSON from a URL that a stranger gave. Never throws. */
export type GuardedFetch = (url: string, limits: FetchLimits) => Promise<FetchOutcome>

const mostBytes = 65_536
const jsonType = /^application\/(?:[a-z0-9!#$&^_.+-]+\+)?json\s*(?:;|$)/i

/**
 * A GET that cannot be turned against this network: https alone, and the address is judged when it is dialled, so that
 * neither a name that resolves inwards nor one that changes its mind (DNS rebinding) nor a redirect gets through. No
 * cookie, no credential, no connection kept; five seconds and 64 KiB in all.
 */
export function createGuardedFetch(reach: Reach, mostMs = 5000): GuardedFetch {
  return async (url, limits) => {
    const agent = new Agent({
      connect: guardedConnector(reach, mostMs),
      pipelining: 0,
      allowH2: false,
      maxHeaderSize: 16_384,
    })
    try {
      return await follow(url, limits, agent, AbortSignal.timeout(mostMs))
    } catch (error) {
      return failed(problemOf(error))
    } finally {
      void agent.destroy()
    }
  }
}

/** The same as the web's `fetch`, for a library that is given one. Rejects where there is no usable answer. */
export function asFetch(guarded: GuardedFetch): Fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if ((init?.method ?? 'GET') !== 'GET') throw new TypeError('Only GET may go to a URL of a client')
    const got = await guarded(url, { redirects: 3 })
    if (got.outcome === 'failed') throw new TypeError(`The URL of a client cannot be used: ${got.problem}`)
    const headers = new Headers({ 'content-type': 'application/json' })
    for (const name of ['cache-control', 'expires', 'age', 'date']) {
      const value = got.header(name)
      if (value !== null) headers.set(name, value)
    }
    return new Response(got.text, { status: got.status, headers })
  }
}

async function follow(
  first: string,
  { redirects, allowsUrl = () => true }: FetchLimits,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  let next = URL.parse(first)
  for (let hop = 0; hop <= redirects; hop += 1) {
    if (next === null || next.protocol !== 'https:' || next.username !== '' || next.password !== '') {
      return failed('not_https')
    }
    if (!allowsUrl(next)) return failed('host_refused')
    const headers = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'sallyport' }
    const answer = await request(next, { method: 'GET', headers, dispatcher, signal })
    const header = (name: string) => [answer.headers[name] ?? null].flat()[0] ?? null
    const location = answer.statusCode >= 300 && answer.statusCode < 400 ? header('location') : null
    if (location === null || redirects === 0) return await read(answer, header)
    discard(answer.body)
    next = URL.parse(location, next.href)
  }
  return failed('too_many_redirects')
}

async function read(
  { statusCode, body }: Dispatcher.ResponseData,
  header: (name: string) => string | null,
): Promise<FetchOutcome> {
  const isUsable =
    jsonType.test(header('content-type') ?? '') && (header('content-encoding') ?? 'identity') === 'identity'
  // What came with an error is nobody's document: it is not read.
  if (statusCode !== 200 || !isUsable) {
    discard(body)
    return statusCode === 200
      ? failed('not_json')
      : { outcome: 'answered', status: statusCode, header, text: '' }
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostBytes) {
      discard(body)
      return failed('too_large')
    }
    chunks.push(chunk)
  }
  return { outcome: 'answered', status: statusCode, header, text: Buffer.concat(chunks).toString('utf8') }
}

/** Reads no more of it. A body that is given up says so as an error, which is nobody's. */
function discard(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => {}).destroy()
}

class AddressRefused extends Error {}

/** Dials only what is allowed: a literal is judged as it stands, a name by every address it resolves to, right now. */
function guardedConnector({ allows, lookup: resolve, ca }: Reach, timeout: number): buildConnector.connector {
  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found, family) => {
      const addresses = Array.isArray(found) ? found : [{ address: found, family: family ?? isIP(found) }]
      if (error !== null) return callback(error, addresses)
      const [first] = addresses
      if (first === undefined || !addresses.every(({ address }) => allows(address))) {
        return callback(new AddressRefused(), [])
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
  const dial = buildConnector({ timeout, lookup: guardedLookup, ...(ca === null ? {} : { ca }) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !allows(host)) callback(new AddressRefused(), null)
    else dial(options, callback)
  }
}

function failed(problem: FetchProblem): FetchOutcome {
  return { outcome: 'failed', problem }
}

function problemOf(error: unknown): FetchProblem {
  if (error instanceof AddressRefused) return 'address_refused'
  return error instanceof Error && error.name === 'TimeoutError' ? 'too_slow' : 'unreachable'
}
