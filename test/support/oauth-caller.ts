import { createHash, randomBytes } from 'node:crypto'
import type { Conduct, Person } from './person.ts'

/** What an endpoint of the authorization server answers. */
export interface OauthAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Headers
}

export interface RegisteredClient {
  readonly id: string
  /** Null for a public client. */
  readonly secret: string | null
  readonly registrationToken: string
}

export interface Begun {
  readonly url: URL
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

export const redirectUri = 'http://127.0.0.1:6274/client/callback'
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** A client that talks to the authorization server by hand, so that it can do everything wrong. */
export class OauthCaller {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async send(path: string, init: RequestInit): Promise<OauthAnswer> {
    const response = await fetch(`${this.#url}${path}`, { redirect: 'manual', ...init })
    const text = await response.text()
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
    return { status: response.status, body, headers: response.headers }
  }

  post(
    path: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<OauthAnswer> {
    return this.send(path, { method: 'POST', body: new URLSearchParams(form), headers })
  }

  /** Registers by RFC 7591; public unless something else is said. */
  async register(metadata: Readonly<Record<string, unknown>> = {}): Promise<RegisteredClient> {
    const { status, body } = await this.send('/oauth/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Test client',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token', deviceGrant],
        token_endpoint_auth_method: 'none',
        ...metadata,
      }),
    })
    if (status !== 201) throw new Error(`not registered: ${status} ${JSON.stringify(body)}`)
    const secret = body['client_secret']
    return {
      id: String(body['client_id']),
      secret: typeof secret === 'string' ? secret : null,
      registrationToken: String(body['registration_access_token']),
    }
  }

  /** An authorization request; null takes a parameter away. */
  begin(clientId: string, more: Readonly<Record<string, string | null>> = {}, verifier = word()): Begun {
    const [state, nonce] = [word(), word()] as const
    const params = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      scope: 'openid email code:read',
      state,
      nonce,
      ...more,
    }
    const url = new URL(`${this.#url}/oauth/authorize`)
    for (const [name, value] of Object.entries(params)) if (value !== null) url.searchParams.set(name, value)
    return { url, state, nonce, verifier }
  }

  redeem(
    client: Pick<RegisteredClient, 'id'>,
    code: string,
    verifier: string,
    more: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<OauthAnswer> {
    const grant = { grant_type: 'authorization_code', code, code_verifier: verifier }
    const form = { ...grant, redirect_uri: redirectUri, client_id: client.id, ...more }
    return this.post('/oauth/token', form, headers)
  }

  refresh(client: Pick<RegisteredClient, 'id'>, token: string, more = {}): Promise<OauthAnswer> {
    const form = { grant_type: 'refresh_token', refresh_token: token, client_id: client.id, ...more }
    return this.post('/oauth/token', form)
  }

  /** The whole code flow of somebody; throws when no token comes of it. */
  async connect(
    person: Person,
    client: Pick<RegisteredClient, 'id'>,
    more: Readonly<Record<string, string | null>> = {},
    conduct: Conduct = {},
  ): Promise<Tokens> {
    const begun = this.begin(client.id, more)
    const back = await person.authorize(begun.url, conduct)
    const code = back.searchParams.get('code') ?? ''
    const { status, body } = await this.redeem(client, code, begun.verifier)
    if (status !== 200) throw new Error(`no token for ${back.search}: ${status} ${JSON.stringify(body)}`)
    return { begun, code, ...tokensOf(body) }
  }
}

export interface Tokens {
  readonly begun: Begun
  readonly code: string
  readonly access: string
  readonly refresh: string
}

export function tokensOf(body: Readonly<Record<string, unknown>>) {
  const { access_token: access, refresh_token: refresh } = body
  return {
    access: typeof access === 'string' ? access : '',
    refresh: typeof refresh === 'string' ? refresh : '',
  }
}

/** The `Authorization` of a confidential client (RFC 6749 section 2.3.1). */
export function basic(id: string, secret: string): { readonly authorization: string } {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function word(): string {
  return randomBytes(32).toString('base64url')
}
