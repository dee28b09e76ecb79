import type { Clock } from '../lib/clock.ts'
import { sameSecret } from '../lib/hash.ts'
import type { RandomSource } from '../lib/random.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { RedirectProvider, SignInState } from './sign-in-provider.ts'

/** A sign-in on its way to a provider and back, and what is to happen after it. */
export interface PendingSignIn extends SignInState {
  readonly provider: RedirectProvider['name']
  /** Where the browser goes in the end: a path below our base. */
  readonly next: string
  readonly remember: boolean
}

export interface SignInRedirects {
  /** The name of the cookie that holds what is sealed. */
  readonly cookieName: string
  /** Begins one: what to give the provider, and a `Set-Cookie` for the browser. `cookie` is the value it came with. */
  begin(
    provider: RedirectProvider['name'],
    after: { readonly next: string; readonly remember: boolean },
    cookie: string | null,
  ): { readonly pending: PendingSignIn; readonly setCookie: string }
  /**
   * Judges a request to `/login/callback/{provider}` by the cookie's value. `setCookie` goes into the answer whatever
   * it is: it takes away what was used.
   */
  finish(
    provider: string,
    callback: URL,
    cookie: string | null,
  ): {
    readonly setCookie: string
    readonly result: { readonly pending: PendingSignIn } | { readonly refused: RedirectRefusal }
  }
}

/** Each reads alike on the page: the person starts again. */
export type RedirectRefusal = 'no_state' | 'unknown_state' | 'expired' | 'other_provider'

export interface SignInRedirectDependencies {
  readonly box: SealedBox
  readonly clock: Clock
  readonly random: RandomSource
}

interface Sealed extends PendingSignIn {
  readonly until: number
}

const minutesMs = 600_000
const purpose = 'sign-in redirect'
/** Tabs in which a sign-in may wait at the same time: a client that connects to several servers opens several. */
const mostPending = 3
/** Browsers take 4096 bytes of name, value and attributes; a sealed text is a third longer than the text. */
const mostText = 2800
const longestPath = 1024

/**
 * Binds a sign-in by redirect to the browser that began it: state, nonce and verifier travel in a cookie that only this
 * gateway can read or make. A callback that another browser was lured to (login CSRF) has no such cookie, and each
 * provider has a callback of its own, so that none can answer for another (mix-up, RFC 9700 section 4.4).
 */
export function createSignInRedirects(
  { publicUrl }: { readonly publicUrl: URL },
  { box, clock, random }: SignInRedirectDependencies,
): SignInRedirects {
  const isSecure = publicUrl.protocol === 'https:'
  const cookieName = isSecure ? '__Host-sallyport-sign-in' : 'sallyport-sign-in'
  const newWord = () => Buffer.from(random.bytes(32)).toString('base64url')

  /** What the cookie holds, newest last; nothing when it is not ours. */
  function open(cookie: string | null): readonly Sealed[] {
    if (cookie === null || cookie === '') return []
    try {
      return JSON.parse(box.open(cookie, purpose)) as readonly Sealed[]
    } catch {
      return []
    }
  }

  function setCookie(waiting: readonly Sealed[]): string {
    const flags = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
    if (waiting.length === 0) return `${cookieName}=; Max-Age=0; ${flags}`
    const value = box.seal(JSON.stringify(waiting), purpose)
    return `${cookieName}=${value}; Max-Age=${minutesMs / 1000}; ${flags}`
  }

  return {
    cookieName,

    begin(provider, { next, remember }, cookie) {
      const pending: PendingSignIn = {
        provider,
        state: newWord(),
        nonce: newWord(),
        codeVerifier: newWord(),
        redirectUri: callbackUrl(publicUrl, provider),
        next: localPath(next, publicUrl),
        remember,
      }
      const now = clock.now()
      const others = open(cookie).filter(({ until }) => now < until)
      const waiting = [...others, { ...pending, until: now + minutesMs }].slice(-mostPending)
      while (waiting.length > 1 && JSON.stringify(waiting).length > mostText) waiting.shift()
      return { pending, setCookie: setCookie(waiting) }
    },

    finish(provider, callback, cookie) {
      const waiting = open(cookie)
      const states = callback.searchParams.getAll('state')
      const state = states.length === 1 ? (states[0] ?? '') : ''
      const found = waiting.find((sealed) => sameSecret(state, sealed.state))
      const rest = waiting.filter((sealed) => sealed !== found && clock.now() < sealed.until)
      return { setCookie: setCookie(rest), result: judge() }

      function judge(): ReturnType<SignInRedirects['finish']>['result'] {
        if (waiting.length === 0 || state === '') return { refused: 'no_state' }
        if (found === undefined) return { refused: 'unknown_state' }
        if (clock.now() >= found.until) return { refused: 'expired' }
        if (found.provider !== provider) return { refused: 'other_provider' }
        const { until: _until, ...pending } = found
        return { pending }
      }
    },
  }
}

/** The redirect URI to register at a provider. */
export function callbackUrl(publicUrl: URL, provider: RedirectProvider['name']): string {
  return `${publicUrl.href.replace(/\/$/, '')}/login/callback/${provider}`
}

/** A path of our own, whatever was asked for: anything else would make the sign-in an open redirect (T17). */
export function localPath(text: string, publicUrl: URL): string {
  const home = '/account'
  const url = text.startsWith('/') ? URL.parse(text, publicUrl.origin) : null
  if (url === null || url.origin !== publicUrl.origin || text.length > longestPath) return home
  const path = `${url.pathname}${url.search}`
  // Dot segments are gone only now: `/.//evil.example` has become a host.
  return path.startsWith('//') ? home : path
}
