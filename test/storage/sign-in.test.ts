import { describe, expect, it } from 'vitest'
import { createResolveAccount } from '../../src/identity/linked-account.ts'
import { createLocalProvider } from '../../src/identity/local-provider.ts'
import { createLoginSessions } from '../../src/identity/login-sessions.ts'
import { createPasswordHashing } from '../../src/identity/password-hashing.ts'
import { setPassword } from '../../src/identity/set-password.ts'
import { createSignInBudget } from '../../src/identity/sign-in-budget.ts'
import { createSignIn } from '../../src/identity/sign-in.ts'
import type {
  PasswordProvider,
  PasswordVerdict,
  RedirectVerdict,
} from '../../src/identity/sign-in-provider.ts'
import { Secret } from '../../src/lib/secret.ts'
import { systemRandom as random } from '../../src/lib/random.ts'
import { LocalLimiter } from '../../src/limits/local-limiter.ts'
import type { SignalFields, SignalName } from '../../src/telemetry/signals.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import { onEachDatabase } from './databases.ts'
import type { TestDatabases } from './databases.ts'
import { day, firefox, policy } from './login-scene.ts'
import { addUser, admin } from './records.ts'

const issuer = 'https://mcp.example.com'
const right = 'correct horse battery'
const wrong = 'wrong horse battery'
const sender = { auth_mode: 'none', client: 'absent', llm_family: 'unknown' } as const
const addressGroup = (address: string) => address

/** A password provider of the company that says what it is told to. */
function companyProvider(verdict: () => PasswordVerdict): PasswordProvider {
  return { name: 'http_api', check: () => Promise.resolve(verdict()) }
}

async function scene(databases: TestDatabases, company: (() => PasswordVerdict) | null = null) {
  const store = await databases.newStore()
  await addUser(store)
  const clock = stoppedClock()
  const said: string[] = []
  const emit = <Name extends SignalName>(signal: Name, fields: SignalFields<Name>) => {
    const { provider, outcome } = fields as { provider?: string; outcome?: string }
    said.push([signal, provider, outcome].filter((part) => part !== undefined).join(' '))
  }
  const { passwords } = store
  const hashing = createPasswordHashing({ memoryCost: 64, timeCost: 1, parallelism: 1 }, { random })
  await setPassword(
    {
      userId: 'usr_a',
      email: 'a@example.com',
      password: new Secret(right),
      oneTime: false,
      keepSessionId: null,
    },
    admin,
    { passwords, hashing, clock },
  )
  const sessions = createLoginSessions(
    { policy, fingerprintKey: new Uint8Array(32), keepEndedMs: day },
    { store: store.loginSessions, clock, random, emit },
  )
  const rules = { linkByEmail: false, signUpWorkspace: null, signUpDomains: [] }
  const local = createLocalProvider({ issuer }, { passwords, hashing, addressGroup })
  const signIn = createSignIn({
    passwordProviders: company === null ? [local] : [local, companyProvider(company)],
    resolveAccount: createResolveAccount(rules, { accounts: store.linkedAccounts, clock, random }),
    sessions,
    budget: createSignInBudget({ perMinute: 5, perHour: 20 }, new LocalLimiter({ clock })),
    addressGroup,
    clock,
    emit,
  })
  const attempt = (address = firefox.address, replaces: string | null = null) => ({
    browser: { ...firefox, address },
    sender,
    remember: false,
    replaces,
  })
  return {
    clock,
    said,
    sessions,
    signIn,
    store,
    attempt,
    byPassword: (password: string, address?: string, email = 'a@example.com') =>
      signIn.byPassword(email, new Secret(password), attempt(address)),
  }
}

onEachDatabase((databases) => {
  describe('a sign-in with address and password', () => {
    it('auth 17: starts a session that keeps who signed them in', async () => {
      const here = await scene(databases)
      const signedIn = await here.byPassword(right)
      if (signedIn.outcome !== 'signed_in') throw new Error(signedIn.outcome)
      expect(signedIn.started.session).toMatchObject({ userId: 'usr_a', provider: 'local' })
      expect(await here.sessions.find(signedIn.started.cookieValue, firefox)).not.toBeNull()
      expect(here.said).toStrictEqual(['login_session_started local', 'login local success'])
    })

    it('auth 19: answers alike to a wrong password, an unknown address and one who has none', async () => {
      const here = await scene(databases)
      await addUser(here.store, 'b')
      const answers = [
        await here.byPassword(wrong),
        await here.byPassword(right, '192.0.2.1', 'b@example.com'),
        await here.byPassword(right, '192.0.2.1', 'nobody@example.com'),
        await here.byPassword(right, '192.0.2.1', 'no address'),
      ]
      for (const answer of answers) expect(answer).toStrictEqual({ outcome: 'wrong' })
      expect(here.said).toStrictEqual(Array(4).fill('login local failure'))
    })

    it('auth 19: is refused unseen after five failures, known or unknown, however it is written', async () => {
      const here = await scene(databases)
      const spellings = [
        'a@example.com',
        'A@EXAMPLE.COM',
        ' a@example.com',
        'a@example.com ',
        'a@Example.com',
      ]
      for (const email of spellings) await here.byPassword(wrong, undefined, email)
      expect(await here.byPassword(right)).toStrictEqual({ outcome: 'rate_limited', retryAfterSeconds: 12 })
      for (let time = 0; time < 5; time += 1) await here.byPassword(wrong, undefined, 'nobody@example.com')
      expect(await here.byPassword(wrong, undefined, 'nobody@example.com')).toStrictEqual({
        outcome: 'rate_limited',
        retryAfterSeconds: 12,
      })
      expect(here.said.filter((signal) => signal === 'rate_limited')).toHaveLength(2)
      here.clock.advance(12_000)
      expect(await here.byPassword(right)).toMatchObject({ outcome: 'signed_in' })
    })

    it('T55: succeeds with the right password, however many others guess elsewhere', async () => {
      const here = await scene(databases)
      for (let host = 0; host < 10; host += 1)
        for (let time = 0; time < 7; time += 1) await here.byPassword(wrong, `198.51.100.${host}`)
      expect(await here.byPassword(right, '203.0.113.1')).toMatchObject({ outcome: 'signed_in' })
      // Whoever has guessed too often stays out for longer than a minute now.
      here.clock.advance(60_000)
      expect(await here.byPassword(right, '198.51.100.1')).toMatchObject({ outcome: 'rate_limited' })
    })

    it('auth 19: checks no more of many guesses at once than of as many in turn', async () => {
      const here = await scene(databases)
      const answers = await Promise.all(Array.from({ length: 60 }, () => here.byPassword(wrong)))
      expect(answers.filter(({ outcome }) => outcome === 'wrong')).toHaveLength(5)
      expect(answers.filter(({ outcome }) => outcome === 'rate_limited')).toHaveLength(55)
    })

    it('counts for nothing when the store is out', async () => {
      const here = await scene(databases)
      await here.store.close()
      for (let time = 0; time < 10; time += 1) await expect(here.byPassword(right)).rejects.toThrow()
    })

    it('is inactive for who is disabled', async () => {
      const here = await scene(databases)
      await here.store.users.setDisabled('usr_a', 5, 5, admin)
      expect(await here.byPassword(right)).toStrictEqual({ outcome: 'inactive' })
      expect(here.said).toStrictEqual(['login local failure'])
    })

    it('auth 19: replaces the session the browser came with', async () => {
      const here = await scene(databases)
      const first = await here.byPassword(right)
      if (first.outcome !== 'signed_in') throw new Error(first.outcome)
      const { cookieValue } = first.started
      await here.signIn.byPassword(
        'a@example.com',
        new Secret(right),
        here.attempt(firefox.address, cookieValue),
      )
      expect(await here.sessions.find(cookieValue, firefox)).toBeNull()
    })
  })

  describe('a sign-in by several providers', () => {
    it('asks the next one, and says who really answered', async () => {
      const vouched = {
        provider: 'http_api',
        issuer: 'i',
        subject: 's',
        email: null,
        emailVerified: false,
      } as const
      const here = await scene(databases, () => ({ vouched }))
      expect(await here.byPassword(wrong)).toStrictEqual({ outcome: 'no_account', reason: 'no_account' })
      expect(await here.byPassword(right)).toMatchObject({ outcome: 'signed_in' })
      expect(here.said).toStrictEqual([
        'login http_api failure',
        'login_session_started local',
        'login local success',
      ])
    })

    it('bounds guesses at our own passwords while another provider cannot be asked', async () => {
      const here = await scene(databases, () => ({ unavailable: 'away' }))
      for (let time = 0; time < 5; time += 1)
        expect(await here.byPassword(wrong)).toStrictEqual({ outcome: 'unavailable', detail: 'away' })
      expect(await here.byPassword(right)).toMatchObject({ outcome: 'rate_limited' })
    })
  })

  it.each([
    [
      { refused: 'the state is not ours' },
      { outcome: 'wrong', detail: 'the state is not ours' },
      ['login oidc failure'],
    ],
    [{ unavailable: 'away' }, { outcome: 'unavailable', detail: 'away' }, []],
    [
      { vouched: { provider: 'oidc', issuer: 'i', subject: 's', email: null, emailVerified: false } },
      { outcome: 'no_account', reason: 'no_account' },
      ['login oidc failure'],
    ],
  ] satisfies [RedirectVerdict, object, string[]][])(
    'the way back from a page of %j ends in %j',
    async (verdict, outcome, says) => {
      const here = await scene(databases)
      const provider = {
        name: 'oidc',
        label: 'x',
        begin: () => Promise.resolve(new URL(issuer)),
        finish: () => Promise.resolve(verdict),
      } as const
      const state = { state: '', nonce: '', codeVerifier: '', redirectUri: '' }
      expect(await here.signIn.byRedirect(provider, new URL(issuer), state, here.attempt())).toStrictEqual(
        outcome,
      )
      expect(here.said).toStrictEqual(says)
    },
  )
})
