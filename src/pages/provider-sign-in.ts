import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import { Failure } from '../lib/error.ts'
import { sendOn } from './answer-page.ts'
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
  // A link, and so no form: `HEAD`, which prefetchers send, begins nothing.
  if (received.head.method === 'HEAD') return { refused: 'method_not_allowed', allow: ['GET'] }
  const query = queryOf(received)
  const next = nextPath(query.get('next'))
  const after = { next, remember: query.get('remember') === 'yes' }
  const { pending, setCookie } = parts.redirects.begin(provider.name, after, sealedCookie(received, parts))
  try {
    return sendOn(received, parts.site, await provider.begin(pending), [setCookie])
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
