import type { IncomingMessage } from 'node:http'
import { randomBase62 } from '../lib/base62.ts'
import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/hash.ts'
import type { RandomSource } from '../lib/random.ts'
import type { RejectionReason } from '../telemetry/vocabulary.ts'
import type { Artifacts } from './artifacts.ts'
import { bearerTokenOf } from './bearer-token.ts'
import type { ClientDirectory, DirectoryEntry } from './client-directory.ts'
import { mintClientSecret } from './client-secret.ts'
import { judgeRegistration } from './registration.ts'

export interface RegistrationOptions {
  readonly issuer: string
}

export interface RegistrationDependencies {
  readonly clients: ClientDirectory
  readonly artifacts: Artifacts
  readonly clock: Clock
  readonly random: RandomSource
}

export interface JsonAnswer {
  readonly status: number
  /** Null for an answer without a body. */
  readonly body: Readonly<Record<string, unknown>> | null
  /** Why whoever asks is turned away. */
  readonly refused?: RejectionReason
}

/** A registration access token lives as long as its client: ten years stand for that. */
const tokenSeconds = 10 * 365 * 86_400

export interface Registration {
  /** `POST`; null for a body that is no JSON object. */
  register(sent: Readonly<Record<string, unknown>> | null): Promise<JsonAnswer>
  /** `GET`, `PUT` and `DELETE` of one client. */
  manage(
    request: IncomingMessage,
    clientId: string,
    sent: Readonly<Record<string, unknown>> | null,
  ): Promise<JsonAnswer>
}

/** Dynamic registration (RFC 7591) and its management by the client itself (RFC 7592). */
export function createRegistration(
  { issuer }: RegistrationOptions,
  { clients, artifacts, clock, random }: RegistrationDependencies,
): Registration {
  const described = (
    clientId: string,
    metadata: Readonly<Record<string, unknown>>,
    registrationToken: string,
  ) => ({
    ...metadata,
    client_id: clientId,
    registration_client_uri: `${issuer}/oauth/register/${clientId}`,
    registration_access_token: registrationToken,
  })

  const register = async (sent: Readonly<Record<string, unknown>> | null): Promise<JsonAnswer> => {
    if (sent === null) return notJson
    const judged = judgeRegistration(sent, 'dynamic')
    if (judged.outcome === 'refused') return refused(judged.error, judged.problem)
    const { metadata } = judged
    const clientId = `dyn_${randomBase62(20, random)}`
    const minted = needsSecret(metadata) ? mintClientSecret(random) : null
    const registrationToken = randomBase62(43, random)
    const token = artifacts.sealed(
      'RegistrationAccessToken',
      sha256Hex(registrationToken),
      { clientId },
      tokenSeconds,
    )
    await artifacts.store.save(token)
    await clients.upsertDynamic(clientId, { ...metadata }, minted?.hash ?? null)
    const secret = minted === null ? {} : { client_secret: minted.secret, client_secret_expires_at: 0 }
    const body = { ...described(clientId, { ...metadata }, registrationToken), ...secret }
    return { status: 201, body: { ...body, client_id_issued_at: Math.floor(clock.now() / 1000) } }
  }

  /** The client a registration access token is for, when it is the one in the path and registered itself; else why not. */
  const authenticate = async (
    request: IncomingMessage,
    clientId: string,
  ): Promise<
    { readonly entry: DirectoryEntry; readonly token: string } | { readonly refused: RejectionReason }
  > => {
    const presented = bearerTokenOf(request)
    if ('refused' in presented) return presented
    const { token } = presented
    const found = await artifacts.find('RegistrationAccessToken', sha256Hex(token), token)
    if (found?.payload.clientId !== clientId) return { refused: 'bad_client_auth' }
    const entry = await clients.find(clientId)
    return entry?.origin === 'dynamic' ? { entry, token } : { refused: 'unknown_client' }
  }

  const change = async (
    clientId: string,
    sent: Readonly<Record<string, unknown>>,
    token: string,
  ): Promise<JsonAnswer> => {
    if (sent['client_id'] !== clientId) {
      return refused('invalid_request', 'client_id must be the one of this client')
    }
    const presented = sent['client_secret']
    if (typeof presented === 'string' && !(await clients.checkSecret(clientId, presented))) {
      return refused('invalid_request', 'client_secret is not the one of this client')
    }
    const judged = judgeRegistration(sent, 'dynamic')
    if (judged.outcome === 'refused') return refused(judged.error, judged.problem)
    const { metadata } = judged
    const keeps = typeof presented === 'string' ? presented : null
    const minted = needsSecret(metadata) && keeps === null ? mintClientSecret(random) : null
    const hash = needsSecret(metadata) ? (minted?.hash ?? sha256Hex(keeps ?? '')) : null
    await clients.upsertDynamic(clientId, { ...metadata }, hash)
    const secret = minted === null ? {} : { client_secret: minted.secret, client_secret_expires_at: 0 }
    return { status: 200, body: { ...described(clientId, { ...metadata }, token), ...secret } }
  }

  return {
    register,
    async manage(request, clientId, sent) {
      const known = await authenticate(request, clientId)
      if ('refused' in known) return { status: 401, body: { error: 'invalid_token' }, refused: known.refused }
      switch (request.method) {
        case 'GET':
          return { status: 200, body: described(clientId, known.entry.metadata, known.token) }
        case 'PUT':
          return sent === null ? notJson : change(clientId, sent, known.token)
        default:
          await clients.remove(clientId)
          await artifacts.store.destroy('RegistrationAccessToken', sha256Hex(known.token))
          return { status: 204, body: null }
      }
    },
  }
}

const notJson: JsonAnswer = refused('invalid_client_metadata', 'the body must be a JSON object')

/** A body as a JSON object; null when it is none. */
export function objectFrom(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}

function needsSecret({
  token_endpoint_auth_method: method,
}: {
  token_endpoint_auth_method: string
}): boolean {
  return method.startsWith('client_secret_')
}

function refused(error: string, error_description: string): JsonAnswer {
  return { status: 400, body: { error, error_description } }
}
