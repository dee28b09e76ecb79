import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operator, testPassword } from '../support/gateway.ts'
import { movedBy } from '../support/moved-numbers.ts'
import { formOf } from '../support/page-browser.ts'
import { personAt } from '../support/person.ts'
import { ada } from '../support/sign-in-peers.ts'
import { startSignInScene } from '../support/sign-in-scene.ts'
import type { Known, SignInScene } from '../support/sign-in-scene.ts'

const minute = 60_000
const hour = 60 * minute
const account = '/account'

let scene: SignInScene

beforeAll(async () => {
  const sessions = { idleMinutes: 30, maxHours: 1, rememberedIdleDays: 1, rememberedMaxDays: 2 }
  scene = await startSignInScene({}, { sessions })
})
afterAll(() => scene.close())

const moved = (work: () => Promise<unknown>) => movedBy(scene.gateway, work)

async function signedIn(word: string): Promise<Known> {
  const person = await scene.meet(word)
  await person.signIn()
  return person
}

/** A session that ended: counted once, for one reason, and one fewer is running. */
const ended = (reason: string, times = 1) => ({
  [`login_sessions_ended_total{reason="${reason}"}`]: times,
  [`login_session_duration_seconds_count{reason="${reason}"}`]: times,
  login_sessions_active: -times,
})
const signedInBy = (provider: string) => ({
  [`logins_total{provider="${provider}",outcome="success"}`]: 1,
  [`login_duration_seconds_count{provider="${provider}"}`]: 1,
  [`login_sessions_started_total{provider="${provider}"}`]: 1,
})

describe('T31: a sign-in', () => {
  it('by password is one login and one session', async () => {
    const person = await scene.meet('local')
    expect(await moved(() => person.signIn())).toEqual({ ...signedInBy('local'), login_sessions_active: 1 })
  })

  it.each(['github', 'gitea', 'gitlab', 'microsoft', 'oidc'])(
    'T29: by %s counts for the provider that answered, and its account for the one that made it',
    async (provider) => {
      const first = await moved(() =>
        scene.signInBy(provider, personAt(scene.gateway.url, ada.email), ada.login),
      )
      const again = await moved(() =>
        scene.signInBy(provider, personAt(scene.gateway.url, ada.email), ada.login),
      )
      expect(again).toEqual({ ...signedInBy(provider), login_sessions_active: 1 })
      const isFirst = provider === 'github'
      const made = isFirst ? { users_registered: 1, 'users_active{auth_source="github"}': 1 } : {}
      expect(first).toEqual({ ...again, ...made })
    },
  )

  it("by the company's own endpoint counts for that", async () => {
    const { browser } = personAt(scene.gateway.url, ada.email)
    const numbers = await moved(() => browser.signIn(ada.email, ada.password))
    expect(numbers).toEqual({ ...signedInBy('http_api'), login_sessions_active: 1 })
  })

  it('that fails is a failure, and starts nothing', async () => {
    const person = await scene.meet('mistyped')
    const failed = await moved(() => person.browser.signIn(person.email, 'another password'))
    expect(Object.keys(failed).filter((key) => !key.includes('duration'))).toEqual([
      expect.stringContaining('outcome="failure"'),
    ])
    expect(failed['login_sessions_active']).toBeUndefined()
    const refused = personAt(scene.gateway.url, ada.email)
    expect(await moved(() => scene.signInBy('github', refused, 'nobody'))).toEqual({
      'logins_total{provider="github",outcome="failure"}': 1,
      'login_duration_seconds_count{provider="github"}': 1,
    })
  })

  it('whose form is forged moves nothing', async () => {
    const { browser } = await scene.meet('forged')
    const form = { email: 'forged@example.com', password: testPassword, token: 'forged' }
    expect(await moved(() => browser.post('/login', form))).toEqual({})
  })

  it('whose cookie is lost is a session all the same, until its time is over', async () => {
    const person = await scene.meet('lost')
    expect(await moved(() => person.signIn())).toMatchObject({ login_sessions_active: 1 })
    // The browser forgets it: nobody will ever touch that session again.
    const forgetful = personAt(scene.gateway.url, person.email)
    expect(await moved(() => forgetful.browser.get(account))).toEqual({})
    await quiet()
    await person.signIn()
    expect(await moved(async () => scene.clock.advance(30 * minute))).toEqual(ended('idle_timeout'))
  })
})

describe('T31: a login session ends once, for the reason it ended for', () => {
  it('by logout; a logout of nobody moves nothing', async () => {
    const { browser } = await signedIn('leaves')
    expect(await moved(() => browser.submit('/logout', '/logout'))).toEqual(ended('logout'))
    expect(await moved(() => browser.post('/logout', {}))).toEqual({})
    expect(await moved(() => personAt(scene.gateway.url, 'x').browser.post('/logout', {}))).toEqual({})
  })

  it('by a sign-in in the same browser', async () => {
    const { browser, email } = await signedIn('again')
    const numbers = await moved(() => browser.signIn(email, testPassword, {}, '/login?switch=1'))
    const { login_sessions_active: _, ...end } = ended('replaced')
    expect(numbers).toEqual({ ...signedInBy('local'), ...end })
  })

  it('by device, at another of its owner', async () => {
    const owner = await signedIn('owner')
    const other = personAt(scene.gateway.url, owner.email)
    await other.signIn()
    const [, id = ''] = await idsOf(owner)
    const path = '/account/sessions/end'
    const form = { ...formOf((await owner.browser.get(account)).text, path), id }
    expect(await moved(() => owner.browser.post(path, form))).toEqual(ended('revoked_by_user'))
    expect(await moved(() => other.browser.get(account))).toEqual({})
    expect(await moved(() => owner.browser.post(path, form))).toEqual({})
  })

  it('by device of somebody else moves nothing, for it is none of theirs', async () => {
    const [victim, stranger] = [await signedIn('victim'), await signedIn('stranger')]
    await personAt(scene.gateway.url, stranger.email).signIn()
    const [id = ''] = await idsOf(victim)
    expect(await moved(() => stranger.browser.submit(account, '/account/sessions/end', { id }))).toEqual({})
  })

  it('auth 18: by an administrator, at the command line of another process', async () => {
    const { browser, userId } = await signedIn('sent-away')
    const numbers = await moved(() =>
      scene.gateway.store.users.signOut(userId, scene.clock.now(), operator).then(expectTrue),
    )
    expect(numbers).toEqual(ended('revoked_by_admin'))
    expect((await browser.get(account)).status).toBe(303)
    expect(await scene.gateway.store.users.signOut('usr_nobody', scene.clock.now(), operator)).toBe(false)
  })

  it('with all others, each once', async () => {
    const owner = await signedIn('others')
    for (let count = 0; count < 3; count += 1) await personAt(scene.gateway.url, owner.email).signIn()
    const numbers = await moved(() => owner.browser.submit(account, '/account/sessions/end-others'))
    expect(numbers).toEqual(ended('revoked_by_user', 3))
  })

  it('in another kind of browser', async () => {
    const { browser } = await signedIn('stolen')
    expect(await moved(() => browser.get(account, { 'User-Agent': 'curl/8.0' }))).toEqual(
      ended('fingerprint_mismatch'),
    )
  })

  it('with its account: disabled, or erased', async () => {
    const { store } = scene.gateway
    const [one, two] = [await signedIn('disabled'), await signedIn('erased')]
    const now = scene.clock.now()
    const off = await moved(() => store.users.setDisabled(one.userId, now, now, operator))
    expect(off).toEqual({ ...ended('account_inactive'), 'users_active{auth_source="local"}': -1 })
    expect(await moved(() => one.browser.get(account))).toEqual({})
    const on = await moved(() => store.users.setDisabled(one.userId, null, now, operator))
    expect(on).toEqual({ 'users_active{auth_source="local"}': 1 })
    const gone = await moved(() => store.users.erase(two.userId, now, operator))
    const account_ = { users_registered: -1, 'users_active{auth_source="local"}': -1, api_keys_active: -1 }
    expect(gone).toEqual({ ...ended('account_inactive'), ...account_ })
  })

  it('with a new password', async () => {
    const { userId, email } = await signedIn('renewed')
    expect(await moved(() => scene.givePassword(userId, email))).toEqual(ended('password_changed'))
  })

  it('when nobody has used it for long, without anybody touching it', async () => {
    await quiet()
    await signedIn('idle')
    expect(await moved(async () => scene.clock.advance(29 * minute))).toEqual({})
    expect(await moved(async () => scene.clock.advance(2 * minute))).toEqual(ended('idle_timeout'))
  })

  it('at its absolute end, however busy', async () => {
    await quiet()
    const { browser } = await signedIn('busy')
    for (const _ of [1, 2, 3]) {
      scene.clock.advance(19 * minute)
      expect((await browser.get(account)).status).toBe(200)
    }
    expect(await moved(async () => scene.clock.advance(4 * minute))).toEqual(ended('absolute_timeout'))
  })

  it('T34: having lasted from its start, and not from its last sight', async () => {
    await quiet()
    const { browser } = await signedIn('lasting')
    const sum = async () => {
      const { text } = await browser.get('/metrics')
      return Number(/login_session_duration_seconds_sum\{reason="logout"\} (\S+)/.exec(text)?.[1])
    }
    const before = await sum()
    scene.clock.advance(20 * minute)
    await browser.get(account)
    await browser.submit('/logout', '/logout')
    expect((await sum()) - before).toBeGreaterThanOrEqual((20 * minute) / 1000)
  })
})

/** Ends what other tests have left, so that time ends only what a test has begun. */
async function quiet(): Promise<void> {
  scene.clock.advance(3 * 24 * hour)
  await scene.gateway.composed.runJobs()
}

async function idsOf({ userId, browser }: Known): Promise<readonly string[]> {
  // Seen last: its own comes first.
  await browser.get(account)
  const all = await scene.gateway.store.loginSessions.list(userId, scene.clock.now())
  return all.toSorted((a, b) => a.startedAt - b.startedAt).map(({ id }) => id)
}

function expectTrue(done: boolean): void {
  expect(done).toBe(true)
}
