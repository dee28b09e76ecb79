import * as openid from 'openid-client'
import type { Granted, IndependentLibrary, ShownBy } from './independent-client.ts'
import { redirectUri } from './independent-client.ts'

const execute = [openid.allowInsecureRequests]

export const withOpenidClient: IndependentLibrary = {
  async register(issuer, metadata) {
    const options = { execute, algorithm: 'oauth2' } as const
    const given = metadata as Partial<openid.ClientMetadata>
    const config = await openid.dynamicClientRegistration(new URL(issuer), given, undefined, options)
    const { client_id: id, client_secret: secret } = config.clientMetadata()
    return { id, secret }
  },

  async open(issuer, known, algorithm) {
    const options = { execute, algorithm }
    const config = await openid.discovery(new URL(issuer), known.id, undefined, authOf(known.by), options)
    return {
      async byCode(person, scope) {
        const [pkceCodeVerifier, state] = [openid.randomPKCECodeVerifier(), openid.randomState()]
        const url = openid.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
          code_challenge_method: 'S256',
          state,
          ...(scope === undefined ? {} : { scope }),
        })
        const back = await person.authorize(url)
        const checks = { pkceCodeVerifier, expectedState: state }
        return grantedOf(await openid.authorizationCodeGrant(config, back, checks))
      },
      async byRefresh(token, scope) {
        const more = scope === undefined ? {} : { scope }
        return grantedOf(await openid.refreshTokenGrant(config, token, more))
      },
      async byDevice(person) {
        const asked = await openid.initiateDeviceAuthorization(config, {})
        await person.connectDevice(asked.user_code)
        // It would wait before it asks for the first time; the person has agreed already.
        return grantedOf(await openid.pollDeviceAuthorizationGrant(config, { ...asked, interval: 0 }))
      },
      byItself: async () => grantedOf(await openid.clientCredentialsGrant(config)),
      introspect: async (token) => ({ ...(await openid.tokenIntrospection(config, token)) }),
      revoke: (token) => openid.tokenRevocation(config, token),
      userinfo: async (access, subject) => ({ ...(await openid.fetchUserInfo(config, access, subject)) }),
    }
  },
}

function authOf(by: ShownBy): openid.ClientAuth {
  if (by.method === 'none') return openid.None()
  if (by.method === 'private_key_jwt') return openid.PrivateKeyJwt({ key: by.key, kid: by.kid })
  return by.method === 'client_secret_post'
    ? openid.ClientSecretPost(by.secret)
    : openid.ClientSecretBasic(by.secret)
}

function grantedOf(
  response: openid.TokenEndpointResponse & Partial<openid.TokenEndpointResponseHelpers>,
): Granted {
  return {
    access: response.access_token,
    refresh: response.refresh_token,
    scope: response.scope,
    subject: response.claims?.()?.sub,
  }
}
