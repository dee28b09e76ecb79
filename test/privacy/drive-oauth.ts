import { basic, deviceGrant, OauthCaller, redirectUri } from '../support/oauth-caller.ts'
import type { RegisteredClient } from '../support/oauth-caller.ts'
import { openPerson } from './drive-sign-in.ts'
import type { BrowserTarget } from './drive-sign-in.ts'

/** Registers, asks, consents, redeems, refreshes and revokes with marks in everything a client can say. */
export async function driveOauth(target: BrowserTarget): Promise<void> {
  const { url, canaries } = target
  const oauth = new OauthCaller(url)
  const mark = (name: string) => canaries.make(`oauth ${name}`)
  const watch = (body: Readonly<Record<string, unknown>>) => {
    for (const [name, value] of Object.entries(body))
      // An error is one of a few words; everything else that is answered is of a kind.
      if (typeof value === 'string' && value.length >= 9 && name !== 'error' && !/[\s/]/.test(value))
        canaries.watchOnce(`answered ${name}`, value)
  }
  const redirect = `${redirectUri}/${mark('redirect path')}`
  const register = async (more: object = {}) => {
    const client = await oauth.register(described(redirect, mark, more))
    watch({ client_id: client.id, client_secret: client.secret, token: client.registrationToken })
    return client
  }
  const person = openPerson(target)
  const client = await register()
  const ask = (of: Pick<RegisteredClient, 'id'>, more: Readonly<Record<string, string>> = {}) => {
    const params = { redirect_uri: redirect, state: mark('state'), nonce: mark('nonce'), ...more }
    return oauth.begin(of.id, params, `${mark('verifier')}${'v'.repeat(30)}`)
  }
  const obtain = async () => {
    const begun = ask(client, { login_hint: mark('login hint'), [mark('parameter')]: mark('value') })
    const back = await person.authorize(begun.url)
    watch(Object.fromEntries(back.searchParams))
    const code = back.searchParams.get('code') ?? ''
    const { body } = await oauth.redeem(client, code, begun.verifier, { redirect_uri: redirect })
    if (body['access_token'] === undefined) throw new Error(`no token for ${back.search}`)
    watch(body)
    await oauth.redeem(client, code, begun.verifier, { redirect_uri: redirect })
    return body
  }
  const tokens = await obtain()
  const [access, refresh] = [String(tokens['access_token']), String(tokens['refresh_token'])]
  const authorization = `Bearer ${access}`
  watch((await oauth.send('/oauth/userinfo', { headers: { authorization } })).body)
  await oauth.send('/oauth/userinfo', { headers: { authorization: `Bearer ${mark('userinfo token')}` } })
  for (const token of [access, refresh, mark('token')]) {
    await oauth.post('/oauth/introspect', { token, client_id: client.id, token_type_hint: mark('hint') })
  }
  watch((await oauth.refresh(client, refresh, { scope: 'code:read' })).body)
  await oauth.refresh(client, mark('refresh token'))
  await person.browser.get(`/oauth/authorize${ask(client, { scope: mark('scope') }).url.search}`)
  for (const more of [
    { redirect_uri: `https://${mark('host')}.example/${mark('path')}` },
    { resource: `https://${mark('resource')}.example/mcp` },
    { response_type: mark('response type') },
    { code_challenge_method: mark('method') },
    { prompt: mark('prompt') },
    { request: mark('request') },
    { client_id: mark('client id') },
    { client_id: `https://client.test/${mark('document')}` },
  ])
    await person.follow(ask(client, more).url)
  await person.follow(ask(client).url, { denies: true })
  const other = await obtain()
  const grant = { token: String(other['access_token']), client_id: client.id }
  await oauth.post('/oauth/revoke', grant)
  await oauth.post('/oauth/revoke', { ...grant, token: mark('token') })
  await wrongClients(oauth, mark, await register({ token_endpoint_auth_method: 'client_secret_basic' }))
  await devices(target, oauth, client, watch)
  await person.browser.submit('/account/apps', '/account/apps/revoke')
  await managed(oauth, mark, client)
}

type Mark = (name: string) => string

function described(redirect: string, mark: Mark, more: object) {
  return {
    client_name: mark('client name'),
    redirect_uris: [redirect],
    client_uri: `https://${mark('client uri')}.example`,
    logo_uri: `https://${mark('logo')}.example/logo.png`,
    policy_uri: `https://${mark('policy')}.example`,
    contacts: [`${mark('contact')}@example.com`],
    software_id: mark('software'),
    software_version: mark('software version'),
    ...more,
  }
}

/** Wrong ways to show who a client is, and grants that are none. */
async function wrongClients(oauth: OauthCaller, mark: Mark, { id, secret }: RegisteredClient): Promise<void> {
  const form = { grant_type: 'refresh_token', refresh_token: mark('refresh token') }
  await oauth.post('/oauth/token', form, basic(id, mark('secret')))
  await oauth.post('/oauth/token', { ...form, client_id: id, client_secret: mark('secret') })
  await oauth.post('/oauth/token', form, basic(mark('client id'), mark('secret')))
  await oauth.post('/oauth/token', { ...form, client_assertion: mark('assertion') }, basic(id, secret ?? ''))
  await oauth.post('/oauth/token', { grant_type: mark('grant type'), client_id: id })
  await oauth.post('/oauth/token', { [mark('field')]: mark('value') })
  await oauth.post(`/oauth/token?code=${mark('query code')}`, {
    grant_type: 'password',
    password: mark('password'),
  })
  await oauth.send('/oauth/register', { method: 'POST', body: `{"${mark('half')}":` })
  const wrong = { client_name: mark('name'), redirect_uris: [`http://${mark('foreign')}.example`] }
  await oauth.send('/oauth/register', { method: 'POST', body: JSON.stringify(wrong) })
}

async function devices(
  target: BrowserTarget,
  oauth: OauthCaller,
  client: RegisteredClient,
  watch: (body: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  const mark = (name: string) => target.canaries.make(`device ${name}`)
  const person = openPerson(target)
  await person.signIn()
  for (const denies of [true, false]) {
    const { body } = await oauth.post('/oauth/device_authorization', { client_id: client.id })
    watch(body)
    await person.connectDevice(String(body['user_code']), { denies })
    const form = { grant_type: deviceGrant, device_code: String(body['device_code']), client_id: client.id }
    watch((await oauth.post('/oauth/token', form)).body)
  }
  await person.browser.get(`/device?user_code=${mark('user code')}`)
  await person.browser.post('/device', { user_code: mark('user code'), xsrf: mark('xsrf') })
  const wrong = { grant_type: deviceGrant, device_code: mark('device code'), client_id: client.id }
  await oauth.post('/oauth/token', wrong)
}

/** The client changes itself, and takes itself away (RFC 7592). */
async function managed(oauth: OauthCaller, mark: Mark, client: RegisteredClient): Promise<void> {
  const path = `/oauth/register/${client.id}`
  const headers = { authorization: `Bearer ${client.registrationToken}` }
  await oauth.send(path, { headers: { authorization: `Bearer ${mark('registration token')}` } })
  await oauth.send(path, { headers })
  const body = JSON.stringify({ client_id: client.id, ...described(redirectUri, mark, {}) })
  await oauth.send(path, { method: 'PUT', headers, body })
  await oauth.send(path, { method: 'DELETE', headers })
}
