import { createSignInProviders } from '../../src/identity/remote-providers.ts'
import type { SignInProviders } from '../../src/identity/remote-providers.ts'
import type { PasswordProvider, RedirectProvider, SignInState } from '../../src/identity/sign-in-provider.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { configOf } from './gateway.ts'
import { openPeerBrowser } from './peer-browser.ts'

export type RedirectVerdict = Awaited<ReturnType<RedirectProvider['finish']>>

export interface Providing {
  readonly clock?: Clock
  readonly deadline?: (milliseconds: number) => AbortSignal
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** The providers of a configuration's `auth` section, as the composition root makes them. */
export function providersOf(auth: Readonly<Record<string, unknown>>, more: Providing = {}): SignInProviders {
  const upstreams = [{ name: 'code', url: 'http://127.0.0.1:1/mcp' }]
  const { settings } = configOf({ upstreams, settings: { auth } }, 'sqlite::memory:')
  return createSignInProviders(settings, {
    local: localStandIn,
    clock: systemClock,
    fetch,
    deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
    ...more,
  })
}

/** Only its place in the list matters here. */
export const localStandIn: PasswordProvider = {
  name: 'local',
  check: () => Promise.resolve({ refused: 'wrong' }),
}

/** The first provider with a page of its own. */
export function redirectOf(auth: Readonly<Record<string, unknown>>, more: Providing = {}): RedirectProvider {
  const [first] = providersOf(auth, more).redirect
  if (first === undefined) throw new Error('no provider with a page of its own is configured')
  return first
}

export function callbackOf(provider: string): string {
  return `http://127.0.0.1:8787/login/callback/${provider}`
}

export function newState(provider: string): SignInState {
  const word = () => Buffer.from(systemRandom.bytes(32)).toString('base64url')
  return { state: word(), nonce: word(), codeVerifier: word(), redirectUri: callbackOf(provider) }
}

/** What lies between the way there and the way back, for a test to put its hand on. */
export interface Meddling {
  /** The way back as it arrives. */
  readonly callback?: (callback: URL) => URL
  /** The state as our side has it when it judges the way back. */
  readonly state?: (state: SignInState) => SignInState
}

/** A whole sign-in of one person in a new browser, up to the provider's verdict. */
export async function signInBy(
  provider: RedirectProvider,
  login: string,
  { callback = (url) => url, state: bent = (given) => given }: Meddling = {},
): Promise<RedirectVerdict> {
  const state = newState(provider.name)
  const page = await provider.begin(state)
  const back = await openPeerBrowser().signIn(page, login, state.redirectUri)
  return provider.finish(callback(back), bent(state))
}
