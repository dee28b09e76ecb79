import { testPassword } from './gateway.ts'
import { formOf } from './page-browser.ts'
import { signedIn } from './drive-sign-in.ts'
import type { SignInScene } from './sign-in-scene.ts'

/** Uses up the budget of each endpoint: `limits` of the scene are as small as they can be. */
export async function driveLimits(scene: SignInScene): Promise<void> {
  const { oauth } = scene
  const client = await oauth.register()
  const person = await signedIn(scene, 'eager')
  await twice(() => person.follow(oauth.begin(client.id).url))
  for (const endpoint of ['token', 'device_authorization', 'introspect', 'revoke'])
    await twice(() => oauth.post(`/oauth/${endpoint}`, { client_id: client.id }))
  await twice(() => oauth.send('/oauth/register', { method: 'POST', body: '{}' }))
  await twice(() => oauth.send('/oauth/userinfo', {}))
  await twice(() => person.browser.post('/device', { user_code: 'BCDF-GHJK' }))
  const stranger = await scene.meet('stranger')
  await twice(() => stranger.browser.signIn(stranger.email, `not ${testPassword}`))
  const { browser } = person
  const form = formOf((await browser.get('/logout')).text, '/logout')
  let status = 0
  while (status !== 429)
    ({ status } = await browser.post('/account/sessions/end', { ...form, id: 'nobodys' }))
}

async function twice(act: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < 2; count += 1) await act()
}

/** Takes tables away: a session, a page and the authorization server cannot be answered, and nothing can be counted. */
export async function driveSignInOutage(scene: SignInScene): Promise<void> {
  const { oauth, gateway, alter } = scene
  const { browser } = await signedIn(scene, 'unlucky')
  alter('alter table api_keys rename to api_keys_away')
  await browser.get('/account/keys')
  await gateway.composed.runJobs()
  alter('alter table clients rename to clients_away')
  await oauth.refresh({ id: 'any' }, 'any')
  alter('alter table login_sessions rename to login_sessions_away')
  await browser.get('/account')
}
