import * as oauth from 'oauth4webapi'
import type { Conduct, TestBrowser, Walked } from './browser.ts'
import type { Scene } from './scene.ts'

export const loopbackRedirect = 'http://127.0.0.1:6274/client/callback'
export const httpsRedirect = 'https://app.example/client/callback'

/** An OAuth client that knows nothing of us but the issuer. */
export interface TestClient {
  readonly as: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly auth: oauth.ClientAuth
  readonly redirectUri: string
}

/** Reaches the scene under its public name, wherever it listens. */
export function reach(scene: Scene) {
  return {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (address: string, init: object) => {
      const { pathname, search } = new URL(address)
      return fetch(new URL(pathname + search, scene.origin), init)
    },
  } as const
}

export async function discover(
  scene: Scene,
  algorithm: 'oauth2' | 'oidc' = 'oauth2',
): Promise<oauth.AuthorizationServer> {
  const response = await oauth.discoveryRequest(scene.publicUrl, { algorithm, ...reach(scene) })
  return oauth.processDiscoveryResponse(scene.publicUrl, response)
}

/** Registers by RFC 7591. */
export async function registerClient(
  scene: Scene,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<TestClient> {
  const as = await discover(scene)
  const redirectUri = ((metadata['redirect_uris'] as string[] | undefined) ?? [loopbackRedirect])[0] ?? ''
  const response = await oauth.dynamicClientRegistrationRequest(
    as,
    {
      client_name: 'Test client',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      ...(metadata as Partial<oauth.Client>),
    },
    reach(scene),
  )
  const client = await oauth.processDynamicClientRegistrationResponse(response)
  const secret = client['client_secret']
  const auth =
    typeof secret === 'string'
      ? client['token_endpoint_auth_method'] === 'client_secret_post'
        ? oauth.ClientSecretPost(secret)
        : oauth.ClientSecretBasic(secret)
      : oauth.None()
  return { as, client, auth, redirectUri }
}

/** A member of what a registration answered, as text; '' when it is not there. */
export function memberOf({ client }: TestClient, name: string): string {
  const value = client[name]
  return typeof value === 'string' ? value : ''
}

export interface Pending {
  readonly url: URL
  readonly verifier: string
  readonly state: string
}

/** An authorization request with PKCE; null takes a parameter away. */
export async function authorizationUrl(
  { as, client, redirectUri }: TestClient,
  more: Readonly<Record<string, string | null>> = {},
): Promise<Pending> {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(as.authorization_endpoint ?? '')
  const params = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...more,
  }
  for (const [name, value] of Object.entries(params)) if (value !== null) url.searchParams.set(name, value)
  return { url, verifier, state }
}

export interface Obtained extends Walked {
  readonly tokens: oauth.TokenEndpointResponse
  readonly code: string
  readonly verifier: string
}

/** The whole code flow; throws an `oauth4webapi` error when anything is not as the RFCs say. */
export async function obtain(
  scene: Scene,
  known: TestClient,
  browser: TestBrowser,
  more: Readonly<Record<string, string | null>> = {},
  conduct: Conduct = {},
): Promise<Obtained> {
  const { url, verifier, state } = await authorizationUrl(known, more)
  const walked = await browser.walk(url, conduct)
  if (walked.away === null) throw new Error(`the browser stays at ${walked.last.status} ${walked.last.text}`)
  const answered = oauth.validateAuthResponse(known.as, known.client, walked.away, state)
  const request = await oauth.authorizationCodeGrantRequest(
    known.as,
    known.client,
    known.auth,
    answered,
    known.redirectUri,
    verifier,
    reach(scene),
  )
  const tokens = await oauth.processAuthorizationCodeResponse(known.as, known.client, request)
  return { ...walked, tokens, code: answered.get('code') ?? '', verifier }
}

/** Posts a form to an endpoint, as any HTTP client would. */
export async function post(
  scene: Scene,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }> {
  const base = scene.publicUrl.pathname.replace(/\/$/, '')
  const response = await fetch(`${scene.origin}${base}${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
    redirect: 'manual',
  })
  const text = await response.text()
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  return { status: response.status, headers: response.headers, body }
}

export function refresh(scene: Scene, { client }: TestClient, token: string | undefined, more = {}) {
  return post(scene, '/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: token ?? '',
    client_id: client.client_id,
    ...more,
  })
}
