import { createHmac, timingSafeEqual } from 'node:crypto'
import { startPeerServer } from './peer-server.ts'
import type { PeerRequest, PeerServer } from './peer-server.ts'

export interface HttpApiPerson {
  readonly email: string
  readonly password: string
  /** The whole answer for them. */
  readonly answer: unknown
}

export interface HttpApiPeerOptions {
  readonly people: readonly HttpApiPerson[]
  readonly auth: 'none' | 'simple' | 'hmac'
  readonly secret: string
  /** Milliseconds since the epoch, by which a signed request is fresh. */
  readonly now: () => number
}

/** A company's own sign-in endpoint, at `/sign-in`. It believes nobody who does not show the agreed credential. */
export function startHttpApiPeer(options: HttpApiPeerOptions): Promise<PeerServer> {
  return startPeerServer((request) => {
    const { method, path, headers, body } = request
    if (`${method} ${path}` !== 'POST /sign-in') return { complaint: 'no such endpoint' }
    if (headers['content-type'] !== 'application/json')
      return { complaint: 'the body is not said to be JSON' }
    const complaint = complainOf(request, options)
    if (complaint !== null) return { complaint }
    const { email, password, ...more } = JSON.parse(body) as Record<string, unknown>
    if (Object.keys(more).length > 0) return { complaint: `unknown fields: ${Object.keys(more).join(' ')}` }
    const person = options.people.find((one) => one.email === email && one.password === password)
    return person === undefined ? { status: 401 } : { status: 200, json: person.answer }
  })
}

function complainOf(
  { headers, body }: PeerRequest,
  { auth, secret, now }: HttpApiPeerOptions,
): string | null {
  const { authorization } = headers
  const signature = String(headers['x-sallyport-signature'] ?? '')
  const timestamp = String(headers['x-sallyport-timestamp'] ?? '')
  if (auth !== 'simple' && authorization !== undefined) return 'an Authorization that was not agreed'
  if (auth !== 'hmac') {
    if (signature !== '' || timestamp !== '') return 'a signature that was not agreed'
    return auth === 'none' || authorization === `Bearer ${secret}` ? null : 'another Authorization'
  }
  if (!/^\d{10}$/.test(timestamp)) return 'the timestamp is not in seconds'
  if (Math.abs(Number(timestamp) * 1000 - now()) > 300_000) return 'the request is not fresh'
  const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest()
  const given = Buffer.from(signature, 'hex')
  const same = given.length === expected.length && timingSafeEqual(given, expected)
  return same ? null : 'the signature does not fit'
}
