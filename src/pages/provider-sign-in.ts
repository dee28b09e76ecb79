import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { RedirectProvider } from '../identity/sign-in-provider.ts'
import { Failure } from '../lib/error.ts'
import { answerPage, sendOn } from './answer-page.ts'
import { html } from './html.ts'
import { home, nextPath } from './next-path.ts'
import { lastSegment, pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { answerSignIn, attemptOf, conclude } from './sign-in.ts'
import type { SignInParts } from './sign-in.ts'

/** The way to a provider's page and back. */
export function providerSignInRoutes(parts: SignInParts): readonly PageRoute[] {
  return [
    pageRoute('/login/begin/{provider}', { get: (received) => begin(received, parts) }),
    pageRoute('/login/callback/{provider}', { get: (received) => comeBack(received, parts) }),
  ]
}

async function begin(received: Received, parts: SignInParts): Promise<Refusal | null> {
  const provider = providerOf(received, parts)
  if (provider === undefined) return { refused: 'not_found' }
  // By GET, and bound to nothing: `HEAD`, which prefetchers send, begins nothing.
  if (received.head.method === 'HEAD') return { refused: 'method_not_allowed', allow: ['GET'] }
  const query = queryOf(received)
  const next = nextPath(query.get('next'))
  const after = { next, remember: query.get('remember') === 'yes' }
  const { pending, setCookie } = parts.redirects.begin(provider.name, after, sealedCookie(received, parts))
  try {
    const to = await provider.begin(pending)
    return query.get('by') === 'form'
      ? goOn(received, provider, to, setCookie, parts)
      : sendOn(received, parts.site, to, [setCookie])
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return conclude(
      received,
      { outcome: 'unavailable', detail: error.detail ?? error.message },
      { next },
      parts,
    )
  }
}

/**
 * The way on from a form. A redirect would count as a part of sending it, and `form-action` would have to name every host
 * that the provider may lead over; a page that goes on by itself is a visit of its own.
 */
function goOn(
  received: Received,
  { label }: RedirectProvider,
  to: URL,
  setCookie: string,
  { site }: SignInParts,
): null {
  const body = html`<div class="card stack">
    <h1>On to ${label}</h1>
    <p>You sign in there, and come back.</p>
    <p><a class="button primary full" href="${to.href}">Go on to ${label}</a></p>
  </div>`
  const title = `On to ${label}`
  return answerPage(received, site, { title, width: 'narrow', body, goesOnTo: to, cookies: [setCookie] })
}

async function comeBack(received: Received, parts: SignInParts): Promise<Refusal | null> {
  const provider = providerOf(received, parts)
  if (provider === undefined) return { refused: 'not_found' }
  if (received.head.method === 'HEAD') return { refused: 'method_not_allowed', allow: ['GET'] }
  const callback = callbackUrl(received, parts)
  const { setCookie, result } = parts.redirects.finish(provider.name, callback, sealedCookie(received, parts))
  if ('refused' in result) {
    const { requestId } = received
    parts.log.warn('a sign-in failed', { requestId, detail: `the way back: ${result.refused}` })
    const problem = 'This sign-in has expired, or was begun in another browser. Please start again.'
    return answerSignIn(received, parts, { next: home, problem }, 403, [setCookie])
  }
  const { pending } = result
  const attempt = attemptOf(received, pending.remember, parts)
  const outcome = await parts.signIn.byRedirect(provider, callback, pending, attempt)
  return conclude(received, outcome, { next: nextPath(pending.next) }, parts, [setCookie])
}

function providerOf(received: Received, { redirectProviders }: SignInParts) {
  const name = lastSegment(received)
  return redirectProviders.find((provider) => provider.name === name)
}

/** The URL the provider sent the browser to, as the provider knows it: with our public name, not the request's. */
function callbackUrl(received: Received, { site }: SignInParts): URL {
  const url = new URL(site.publicUrl)
  url.pathname = received.head.path
  url.search = queryOf(received).toString()
  return url
}

function sealedCookie({ request }: Received, { redirects }: SignInParts): string | null {
  const start = `${redirects.cookieName}=`
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const found = pairs.filter((pair) => pair.startsWith(start))
  return found.length === 1 ? (found[0]?.slice(start.length) ?? null) : null
}
