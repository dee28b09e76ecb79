import * as oauth from 'oauth4webapi'
import type { Granted, IndependentLibrary, ShownBy } from './independent-client.ts'
import { redirectUri } from './independent-client.ts'

const insecure = { [oauth.allowInsecureRequests]: true } as const

export const withOauth4webapi: IndependentLibrary = {
  async register(issuer, metadata) {
    const as = await discover(issuer, 'oauth2')
    const response = await oauth.dynamicClientRegistrationRequest(as, metadata as never, insecure)
    const { client_id: id, client_secret } = await oauth.processDynamicClientRegistrationResponse(response)
    return { id, secret: typeof client_secret === 'string' ? client_secret : undefined }
  },

  async open(issuer, known, by) {
    const as = await discover(issuer, by)
    const client: oauth.Client = { client_id: known.id }
    const auth = authOf(known.by)
    return {
      async byCode(person, scope) {
        const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()]
        const url = new URL(as.authorization_endpoint ?? '')
        url.search = new URLSearchParams({
          response_type: 'code',
          client_id: known.id,
          redirect_uri: redirectUri,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          state,
          ...(scope === undefined ? {} : { scope }),
        }).toString()
        const back = await person.authorize(url)
        if (as.authorization_response_iss_parameter_supported !== true) throw new Error('no RFC 9207')
        const params = oauth.validateAuthResponse(as, client, back, state)
        const response = await oauth.authorizationCodeGrantRequest(
          as,
          client,
          auth,
          params,
          redirectUri,
          verifier,
          insecure,
        )
        return grantedOf(await oauth.processAuthorizationCodeResponse(as, client, response))
      },
      async byRefresh(token, scope) {
        const additionalParameters = scope === undefined ? {} : { scope }
        const options = { ...insecure, additionalParameters }
        const response = await oauth.refreshTokenGrantRequest(as, client, auth, token, options)
        return grantedOf(await oauth.processRefreshTokenResponse(as, client, response))
      },
      async byDevice(person) {
        const started = await oauth.deviceAuthorizationRequest(as, client, auth, {}, insecure)
        const asked = await oauth.processDeviceAuthorizationResponse(as, client, started)
        await person.connectDevice(asked.user_code)
        const response = await oauth.deviceCodeGrantRequest(as, client, auth, asked.device_code, insecure)
        return grantedOf(await oauth.processDeviceCodeResponse(as, client, response))
      },
      async byItself() {
        const response = await oauth.clientCredentialsGrantRequest(as, client, auth, {}, insecure)
        return grantedOf(await oauth.processClientCredentialsResponse(as, client, response))
      },
      async introspect(token) {
        const response = await oauth.introspectionRequest(as, client, auth, token, insecure)
        return { ...(await oauth.processIntrospectionResponse(as, client, response)) }
      },
      async revoke(token) {
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(as, client, auth, token, insecure),
        )
      },
      async userinfo(access, subject) {
        const response = await oauth.userInfoRequest(as, client, access, insecure)
        return { ...(await oauth.processUserInfoResponse(as, client, subject, response)) }
      },
    }
  },
}

async function discover(issuer: string, algorithm: 'oauth2' | 'oidc'): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm, ...insecure }))
}

function authOf(by: ShownBy): oauth.ClientAuth {
  if (by.method === 'none') return oauth.None()
  if (by.method === 'private_key_jwt') return oauth.PrivateKeyJwt({ key: by.key, kid: by.kid })
  return by.method === 'client_secret_post'
    ? oauth.ClientSecretPost(by.secret)
    : oauth.ClientSecretBasic(by.secret)
}

function grantedOf(response: oauth.TokenEndpointResponse): Granted {
  return {
    access: response.access_token,
    refresh: response.refresh_token,
    scope: response.scope,
    subject: response.id_token === undefined ? undefined : oauth.getValidatedIdTokenClaims(response)?.sub,
  }
}
