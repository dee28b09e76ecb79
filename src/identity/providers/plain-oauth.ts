import type { Secret } from '../../lib/secret.ts'
import type { RedirectProvider, SignInState, Vouched } from '../sign-in-provider.ts'
import { readCallback } from './code-callback.ts'
import { codeChallenge } from './code-challenge.ts'
import { createProviderFetch, isObject, readJson, readObject } from './provider-fetch.ts'
import type { Fetch, ProviderNetwork } from './provider-fetch.ts'
import { judgeErrorCode, outageIn } from './verdict.ts'
import type { Denial } from './verdict.ts'

/** A site that speaks OAuth 2 without OpenID Connect: an access token, and an API that says whose it is. */
export interface PlainOAuthSite {
  readonly name: 'github' | 'gitea'
  readonly label: string
  /** What makes its user numbers unique: the URL of the instance. */
  readonly issuer: string
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly userUrl: string
  readonly emailsUrl: string
  readonly scope: string
  /** Fields of every request to its API, `Accept` among them. */
  readonly apiFields: Readonly<Record<string, string>>
  readonly clientId: string
  readonly clientSecret: Secret
}

interface Address {
  readonly email: string | null
  readonly emailVerified: boolean
}

/**
 * Sign-in by the authorization code flow with PKCE and state. The subject is the number of the account, which is never
 * given to somebody else; a login name is.
 */
export function createPlainOAuthProvider(site: PlainOAuthSite, network: ProviderNetwork): RedirectProvider {
  const { name, label, issuer } = site
  const fetch = createProviderFetch(label, network)
  return {
    name,
    label,
    begin: (state) => Promise.resolve(authorizationUrl(site, state)),

    async finish(callback, state) {
      const returned = readCallback(callback, state)
      if (!('code' in returned)) return returned
      try {
        const got = await redeem(site, fetch, returned.code, state)
        if (!('token' in got)) return got
        const ask = createAsk(site, fetch, got.token)
        const who = await readSubject(await ask(site.userUrl))
        if (!('subject' in who)) return who
        const address = await readAddress(await ask(site.emailsUrl))
        if (!('email' in address)) return address
        const vouched: Vouched = { provider: name, issuer, subject: who.subject, ...address }
        return { vouched }
      } catch (error) {
        const outage = outageIn(error)
        if (outage === null) throw error
        return outage
      }
    },
  }
}

function authorizationUrl({ authorizeUrl, clientId, scope }: PlainOAuthSite, state: SignInState): URL {
  const url = new URL(authorizeUrl)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: state.redirectUri,
    scope,
    state: state.state,
    code_challenge: codeChallenge(state.codeVerifier),
    code_challenge_method: 'S256',
  }
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value)
  return url
}

/** The token request (RFC 6749 section 4.1.3). GitHub says its errors with status 200. */
async function redeem(
  { tokenUrl, clientId, clientSecret }: PlainOAuthSite,
  fetch: Fetch,
  code: string,
  { redirectUri, codeVerifier }: SignInState,
): Promise<{ readonly token: string } | Denial> {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      client_secret: clientSecret.reveal(),
      code,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    }).toString(),
  })
  const answer = await readObject(response)
  if (answer === null) return { unavailable: 'its token endpoint did not answer in JSON' }
  if (answer['error'] !== undefined) return judgeErrorCode(answer['error'])
  const { access_token: token, token_type: type } = answer
  const usable = typeof token === 'string' && /^[\x21-\x7e]{1,8192}$/.test(token)
  if (response.status !== 200 || !usable || typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return { unavailable: 'its token endpoint gave no Bearer token' }
  return { token }
}

function createAsk(site: PlainOAuthSite, fetch: Fetch, token: string) {
  const headers = { ...site.apiFields, Authorization: `Bearer ${token}`, 'User-Agent': 'sallyport' }
  return (url: string) => fetch(url, { method: 'GET', headers })
}

async function readSubject(response: Response): Promise<{ readonly subject: string } | Denial> {
  if (response.status === 401 || response.status === 403) return { refused: 'it would not say who this is' }
  const id = (await readObject(response))?.['id']
  if (response.status !== 200 || !Number.isSafeInteger(id) || Number(id) < 1)
    return { unavailable: 'its user endpoint gave no account number' }
  return { subject: String(id) }
}

/** The primary address. Without leave to read addresses there is none, which is for the account rules to judge. */
async function readAddress(response: Response): Promise<Address | Denial> {
  if (response.status === 403 || response.status === 404) return { email: null, emailVerified: false }
  const list = await readJson(response)
  if (response.status !== 200 || !Array.isArray(list))
    return { unavailable: 'its e-mail endpoint gave no list' }
  const primary = list.filter(isObject).find((entry) => entry['primary'] === true)
  const email = primary?.['email']
  if (typeof email !== 'string') return { email: null, emailVerified: false }
  return { email, emailVerified: primary?.['verified'] === true }
}
