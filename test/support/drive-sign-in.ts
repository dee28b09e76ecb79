import { testPassword } from './gateway.ts'
import { personAt } from './person.ts'
import { ada } from './sign-in-peers.ts'
import type { Known, SignInScene } from './sign-in-scene.ts'

const hour = 3_600_000
const account = '/account'

/** Each provider says yes once and no once, as far as it can be asked. */
export async function driveLogins(scene: SignInScene): Promise<void> {
  const { gateway, signInBy } = scene
  for (const provider of ['oidc', 'github', 'gitea', 'gitlab', 'microsoft']) {
    const yes = await signInBy(provider, personAt(gateway.url, ada.email), 'ada')
    if (yes !== 303) throw new Error(`${provider} signed nobody in: ${yes}`)
    await signInBy(provider, personAt(gateway.url, ada.email), 'nobody')
  }
  const { browser } = personAt(gateway.url, ada.email)
  const { status } = await browser.signIn(ada.email, ada.password)
  if (status !== 303) throw new Error(`http_api signed nobody in: ${status}`)
  const wrong = personAt(gateway.url, ada.email)
  await wrong.browser.signIn(ada.email, 'another password')
  // A form that comes from elsewhere.
  await wrong.browser.post('/login', { email: ada.email, password: ada.password, token: 'forged' })
}

/** Every way a login session can end. */
export async function driveSessionEnds(scene: SignInScene): Promise<void> {
  const { gateway, clock, givePassword, meet } = scene
  const { store } = gateway
  const operator = { kind: 'admin', id: null } as const
  const leaves = await signedIn(scene, 'leaves')
  await leaves.browser.submit('/logout', '/logout')

  const again = await signedIn(scene, 'again')
  await again.browser.signIn(again.email, testPassword, {}, '/login?switch=1')

  const ends = await signedIn(scene, 'ends')
  const other = personAt(gateway.url, ends.email)
  await other.signIn()
  await ends.browser.submit(account, '/account/sessions/end-others')

  const moved = await signedIn(scene, 'moved')
  await moved.browser.get(account, { 'User-Agent': 'curl/8.0' })

  const gone = await signedIn(scene, 'gone')
  await store.users.setDisabled(gone.userId, clock.now(), clock.now(), operator)
  await gone.browser.get(account)

  const sent = await signedIn(scene, 'sent')
  await store.users.signOut(sent.userId, clock.now(), operator)
  await sent.browser.get(account)

  const renewed = await signedIn(scene, 'renewed')
  await givePassword(renewed.userId, renewed.email)
  await renewed.browser.get(account)

  const long = await signedIn(scene, 'long')
  const idle = await meet('idle')
  await idle.browser.signIn(idle.email, testPassword, { remember: 'yes' })
  clock.advance(hour + 1)
  await long.browser.get(account)
  clock.advance(24 * hour)
  await idle.browser.get(account)
}

/** Keys made, rotated and revoked by their owner, and one that runs out. */
export async function driveKeys(scene: SignInScene): Promise<void> {
  const { browser, userId } = await signedIn(scene, 'keeper')
  const { store } = scene.gateway
  for (const key of await store.apiKeys.list({ userId }))
    await store.apiKeys.revoke(key.id, 1, {}, { kind: 'admin', id: null })
  const made = await browser.submit('/account/keys/new', '/account/keys/new', { name: 'laptop', days: '30' })
  if (made.status !== 303) throw new Error(`no key was made: ${made.status} ${made.text}`)
  await browser.submit('/account/keys', '/account/keys/rotate')
  await browser.submit('/account/keys', '/account/keys/revoke')
  await browser.submit('/account/keys/new', '/account/keys/new', { name: 'old', days: '30' })
  scene.clock.advance(31 * 24 * hour)
  await scene.gateway.composed.runJobs()
}

export async function signedIn(scene: SignInScene, word: string): Promise<Known> {
  const person = await scene.meet(word)
  await person.signIn()
  return person
}
