import { senderOf } from '../gateway/observe-call.ts'
import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { RedirectProvider } from '../identity/sign-in-provider.ts'
import type { SignInRedirects } from '../identity/sign-in-redirect.ts'
import type { SignIn, SignInAttempt, SignInOutcome } from '../identity/sign-in.ts'
import { Secret } from '../lib/secret.ts'
import type { Interactions } from '../oauth/interaction.ts'
import type { Log } from '../telemetry/log.ts'
import { answerPage, sendOn } from './answer-page.ts'
import { interactionOf, nextPath, passwordFirst } from './next-path.ts'
import { readOwnForm } from './own-form.ts'
import type { OwnFormParts } from './own-form.ts'
import { pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { signInPage } from './sign-in-page.ts'
import type { SignInView } from './sign-in-page.ts'
import type { VisitCookie } from './visit-cookie.ts'
import { visibleSpan } from './visible-time.ts'
import { browserOf, findVisitor } from './visitor.ts'
import type { VisitorDependencies } from './visitor.ts'

export interface SignInParts extends OwnFormParts, VisitorDependencies {
  readonly visit: VisitCookie
  /** Whether address and password are taken on our own page. */
  readonly takesPasswords: boolean
  /** Providers with a page of their own, in the order of their buttons. */
  readonly redirectProviders: readonly RedirectProvider[]
  readonly signIn: SignIn
  readonly redirects: SignInRedirects
  readonly interactions: Pick<Interactions, 'describe'>
  readonly log: Pick<Log, 'warn'>
}

/** `/login`: the page and its form. */
export function signInRoutes(parts: SignInParts): readonly PageRoute[] {
  return [
    pageRoute('/login', {
      get: (received) => showSignIn(received, parts),
      post: (received) => signInByPassword(received, parts),
    }),
  ]
}

/** Who is signed in already is sent on, unless they want to be somebody else. */
async function showSignIn(received: Received, parts: SignInParts): Promise<null> {
  const query = queryOf(received)
  const next = nextPath(query.get('next'))
  if (query.get('switch') !== '1' && (await findVisitor(received, parts)) !== null)
    return sendOn(received, parts.site, next)
  const notice = query.get('done') === 'signed-out' ? { notice: 'You are signed out.' } : {}
  return answerSignIn(received, parts, { next, ...notice })
}

async function signInByPassword(received: Received, parts: SignInParts): Promise<Refusal | null> {
  const form = await readOwnForm(received, parts, 'sign-in', parts.visit.read(received.request))
  if ('refused' in form) return form
  const next = nextPath(form.text('next'))
  const [email, remember] = [form.text('email'), form.text('remember') === 'yes']
  const attempt = attemptOf(received, remember, parts)
  const outcome = await parts.signIn.byPassword(email, new Secret(form.text('password')), attempt)
  return conclude(received, outcome, { next, email: email.slice(0, 254), remember }, parts)
}

export function attemptOf(received: Received, remember: boolean, { cookie }: SignInParts): SignInAttempt {
  const replaces = cookie.read(received.request.headers.cookie)
  return { browser: browserOf(received), sender: senderOf(received), remember, replaces }
}

/** The same sentence for an unknown address, a wrong password and a disabled account (auth 19). */
const notSignedIn = 'The e-mail address or the password is wrong.'
const noAccount = {
  no_account: 'You have no account here. Ask an administrator for one.',
  no_email: 'Your provider did not say your e-mail address. Allow it to, or ask an administrator.',
  email_taken: 'An account with your e-mail address is here already. Sign in as you did before.',
} as const

/** Answers what came of a sign-in: on to where it was for, or the page once more. `cookies` go along with either. */
export async function conclude(
  received: Received,
  outcome: SignInOutcome,
  again: Again,
  parts: SignInParts,
  cookies: readonly string[] = [],
): Promise<null> {
  if ('detail' in outcome && outcome.detail !== undefined)
    parts.log.warn('a sign-in failed', { requestId: received.requestId, detail: outcome.detail })
  switch (outcome.outcome) {
    case 'signed_in': {
      const { cookieValue, maxAgeSeconds, session } = outcome.started
      const set = parts.cookie.set(cookieValue, maxAgeSeconds)
      const next = session.passwordDue === true ? passwordFirst(again.next) : again.next
      return sendOn(received, parts.site, next, [set, parts.visit.clear(), ...cookies])
    }
    case 'wrong':
    case 'inactive': {
      const problem = again.email === undefined ? 'Your provider did not confirm who you are.' : notSignedIn
      return answerSignIn(received, parts, { ...again, problem }, 403, cookies)
    }
    case 'no_account':
      return answerSignIn(received, parts, { ...again, problem: noAccount[outcome.reason] }, 403, cookies)
    case 'unavailable': {
      const problem = 'Signing in does not work just now. It is not your fault: try again in a moment.'
      return answerSignIn(received, parts, { ...again, problem }, 503, cookies)
    }
    case 'rate_limited': {
      const { retryAfterSeconds } = outcome
      const problem = `There were too many attempts. Wait ${visibleSpan(retryAfterSeconds)}, then try again.`
      return answerSignIn(received, parts, { ...again, problem }, 429, cookies, [
        'Retry-After',
        String(retryAfterSeconds),
      ])
    }
  }
}

/** What a page that asks once more keeps. */
export type Again = Pick<SignInView, 'next' | 'email' | 'remember' | 'problem' | 'notice'>

/** The sign-in page, its form bound to this very browser. It names the way back to the client that waits (T53). */
export async function answerSignIn(
  received: Received,
  parts: SignInParts,
  again: Again,
  status = 200,
  cookies: readonly string[] = [],
  fields: readonly string[] = [],
): Promise<null> {
  const { site, visit, tokens, interactions, takesPasswords, redirectProviders } = parts
  const known = visit.read(received.request)
  const value = known ?? visit.newValue()
  const uid = interactionOf(again.next)
  const waiting = uid === null ? null : await interactions.describe(uid)
  const page = signInPage(site, {
    ...again,
    password: takesPasswords,
    providers: redirectProviders,
    token: tokens.make('sign-in', value),
    client: waiting?.clientName ?? null,
  })
  return answerPage(received, site, {
    ...page,
    status,
    fields,
    formAction: waiting?.formAction ?? [],
    cookies: known === null ? [visit.set(value), ...cookies] : cookies,
  })
}
