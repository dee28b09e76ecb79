import { authorizationCodeGrant, buildAuthorizationUrl, fetchUserInfo } from 'openid-client'
import type { Configuration, IDToken } from 'openid-client'
import type { Clock } from '../../lib/clock.ts'
import type { RedirectProvider, SignInState } from '../sign-in-provider.ts'
import { codeChallenge } from './code-challenge.ts'
import { createDiscovery } from './discovery.ts'
import type { DiscoveryOptions } from './discovery.ts'
import { judgeOpenidError } from './openid-error.ts'
import { createProviderFetch } from './provider-fetch.ts'
import type { ProviderNetwork } from './provider-fetch.ts'
import type { Denial } from './verdict.ts'

type Claims = Readonly<Record<string, unknown>>

export interface OpenidSite extends DiscoveryOptions {
  readonly name: 'oidc' | 'microsoft' | 'gitlab'
  readonly scope: string
  /** Whether the userinfo endpoint is asked for an address that the ID token does not have. */
  readonly asksUserinfo: boolean
  /** Who a validated ID token is about, in words that stay the same for life; null when it does not say. */
  readonly subjectOf: (claims: IDToken) => string | null
  readonly isVerified: (claims: Claims) => boolean
}

export interface OpenidDependencies extends ProviderNetwork {
  readonly clock: Clock
}

/**
 * Sign-in by OpenID Connect: code flow with PKCE S256, state, nonce, and `iss` in the answer where the provider
 * promises it (RFC 9207). The ID token's signature is checked too, though it comes straight from the provider.
 */
export function createOpenidProvider(site: OpenidSite, dependencies: OpenidDependencies): RedirectProvider {
  const { name, label, scope } = site
  const fetch = createProviderFetch(label, dependencies)
  const discovered = createDiscovery(site, { fetch, clock: dependencies.clock })
  return {
    name,
    label,

    async begin({ state, nonce, codeVerifier, redirectUri }) {
      return buildAuthorizationUrl(await discovered(), {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: codeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      })
    },

    async finish(callback, state) {
      try {
        const configuration = await discovered()
        const { claims, accessToken } = await redeem(configuration, callback, state)
        const subject = site.subjectOf(claims)
        if (subject === null) return { refused: 'its ID token does not say who this is' }
        const address = await addressOf(site, configuration, claims, accessToken)
        return { vouched: { provider: name, issuer: claims.iss, subject, ...address } }
      } catch (error) {
        return judge(error)
      }
    },
  }
}

function judge(error: unknown): Denial {
  const denial = judgeOpenidError(error)
  if (denial === null) throw error
  return denial
}

async function redeem(
  configuration: Configuration,
  callback: URL,
  { state, nonce, codeVerifier, redirectUri }: SignInState,
): Promise<{ readonly claims: IDToken; readonly accessToken: string }> {
  // The library takes the redirect URI from the URL it is given: a proxy may have changed ours.
  const answer = new URL(redirectUri)
  answer.search = callback.search
  const tokens = await authorizationCodeGrant(configuration, answer, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: codeVerifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (claims === undefined) throw new Error('a required ID token is missing')
  return { claims, accessToken: tokens.access_token }
}

/** Address and proof come from the same document, or neither counts. */
async function addressOf(
  { asksUserinfo, isVerified }: OpenidSite,
  configuration: Configuration,
  claims: IDToken,
  accessToken: string,
): Promise<{ readonly email: string | null; readonly emailVerified: boolean }> {
  const complete = typeof claims['email'] === 'string' && claims['email_verified'] !== undefined
  const has = configuration.serverMetadata().userinfo_endpoint !== undefined
  const source: Claims =
    asksUserinfo && !complete && has ? await fetchUserInfo(configuration, accessToken, claims.sub) : claims
  const chosen = typeof source['email'] === 'string' ? source : claims
  const email = chosen['email']
  return typeof email === 'string' && email !== ''
    ? { email, emailVerified: isVerified(chosen) }
    : { email: null, emailVerified: false }
}
