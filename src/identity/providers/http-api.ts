import { createHmac } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import type { PasswordProvider, PasswordVerdict } from '../sign-in-provider.ts'
import { createProviderFetch, readObject } from './provider-fetch.ts'
import type { ProviderNetwork } from './provider-fetch.ts'
import { withoutSlash } from './plain-oauth-sites.ts'
import { outageIn } from './verdict.ts'

export interface HttpApiOptions {
  readonly url: string
  readonly auth: { readonly kind: 'none' } | { readonly kind: 'simple' | 'hmac'; readonly secret: Secret }
}

export interface HttpApiDependencies extends ProviderNetwork {
  readonly clock: Clock
}

/**
 * The company's own endpoint: it gets `{"email","password"}` by POST and answers 200 with
 * `{"subject","email","emailVerified"}` for a person it knows, 401 or 403 for one it does not. Everything else is an
 * outage and never reads like a wrong password. No redirect is followed: the password goes to the configured URL only.
 */
export function createHttpApiProvider(
  { url, auth }: HttpApiOptions,
  dependencies: HttpApiDependencies,
): PasswordProvider {
  const { clock } = dependencies
  const fetch = createProviderFetch('The sign-in endpoint', dependencies)
  const issuer = withoutSlash(url)
  return {
    name: 'http_api',
    async check(email, password) {
      const body = JSON.stringify({ email, password: password.reveal() })
      const headers = {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'User-Agent': 'sallyport',
        ...credentialFields(auth, Math.floor(clock.now() / 1000), body),
      }
      try {
        return await judge(issuer, await fetch(url, { method: 'POST', headers, body }))
      } catch (error) {
        const outage = outageIn(error)
        if (outage === null) throw error
        return outage
      }
    },
  }
}

/** How we show who we are. `timestamp` is in whole seconds since the epoch. */
export function credentialFields(
  auth: HttpApiOptions['auth'],
  timestamp: number,
  body: string,
): Readonly<Record<string, string>> {
  if (auth.kind === 'none') return {}
  const secret = auth.secret.reveal()
  if (auth.kind === 'simple') return { Authorization: `Bearer ${secret}` }
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return { 'X-Sallyport-Timestamp': String(timestamp), 'X-Sallyport-Signature': signature }
}

async function judge(issuer: string, response: Response): Promise<PasswordVerdict> {
  if (response.status === 401 || response.status === 403) return { refused: 'wrong' }
  if (response.status !== 200) return { unavailable: `The sign-in endpoint answered ${response.status}` }
  const answer = await readObject(response)
  const { subject, email = null, emailVerified = false } = answer ?? {}
  if (typeof subject !== 'string' || (email !== null && typeof email !== 'string'))
    return { unavailable: 'The sign-in endpoint answered 200 without {"subject","email"}' }
  return {
    vouched: { provider: 'http_api', issuer, subject, email, emailVerified: emailVerified === true },
  }
}
