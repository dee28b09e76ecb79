import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { OwnPassword } from '../identity/own-password.ts'
import type { ConsentRequest, Interactions } from '../oauth/interaction.ts'
import { answerPage, sendOn } from './answer-page.ts'
import { consentPage } from './consent-page.ts'
import { passwordFirst } from './next-path.ts'
import { readOwnForm } from './own-form.ts'
import type { OwnFormParts } from './own-form.ts'
import { lastSegment, pageRoute } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { problemPage } from './refusal-page.ts'
import { findVisitor, owesPassword } from './visitor.ts'
import type { Visitor, VisitorDependencies } from './visitor.ts'

export interface ConsentParts extends OwnFormParts, VisitorDependencies {
  readonly interactions: Interactions
  readonly ownPassword: OwnPassword | null
}

/** `/consent/{uid}`: where an authorization request waits for its person, first to sign in and then to agree. */
export function consentRoutes(parts: ConsentParts): readonly PageRoute[] {
  return [
    pageRoute('/consent/{uid}', {
      get: (received) => goOn(received, parts),
      post: (received) => decide(received, parts),
    }),
  ]
}

async function goOn(received: Received, parts: ConsentParts): Promise<null> {
  const asked = await findAsked(received, parts)
  return asked === null ? null : answerConsent(received, asked, parts)
}

async function decide(received: Received, parts: ConsentParts): Promise<Refusal | null> {
  const { interactions } = parts
  const asked = await findAsked(received, parts)
  if (asked === null) return null
  const { uid, visitor, consent } = asked
  const form = await readOwnForm(received, parts, `consent ${uid}`, visitor.cookieValue)
  if ('refused' in form) return form
  const { request, response } = received
  response.setHeader('X-Request-Id', received.requestId)
  const [answer, workspace] = [form.text('answer'), form.text('workspace')]
  if (answer === 'deny') {
    await interactions.deny(request, response)
    return null
  }
  if (answer !== 'allow' || !consent.workspaces.includes(workspace))
    return answerConsent(received, asked, parts, 'Choose one of your workspaces.')
  await interactions.allow(request, response, visitor.signedIn, { workspace })
  return null
}

interface Asked {
  readonly uid: string
  readonly visitor: Visitor
  readonly consent: ConsentRequest
}

/**
 * The question and who is to answer it. Null when something else was answered: the request is over, or its person must
 * sign in, or has done so and the authorization server goes on.
 */
async function findAsked(received: Received, parts: ConsentParts): Promise<Asked | null> {
  const { interactions, site } = parts
  const { request, response } = received
  const uid = lastSegment(received)
  const visitor = await findVisitor(received, parts)
  const pending = await interactions.find(request, response, visitor?.signedIn ?? null)
  if (pending === null) return answerOver(received, parts)
  const mustSignInAgain = pending.waitsFor === 'login' && pending.again === true
  if (visitor === null || mustSignInAgain) {
    const next = encodeURIComponent(`/consent/${uid}`)
    return sendOn(received, site, `/login?${mustSignInAgain ? 'switch=1&' : ''}next=${next}`)
  }
  if (owesPassword(visitor, parts.ownPassword))
    return sendOn(received, site, passwordFirst(`/consent/${uid}`))
  if (pending.waitsFor === 'consent' && pending.userId === visitor.signedIn.userId)
    return { uid, visitor, consent: pending.request }
  // Also when it waits for somebody else's consent: another account has signed in since.
  await interactions.signedIn(request, response, visitor.signedIn)
  return null
}

function answerConsent(received: Received, asked: Asked, parts: ConsentParts, problem?: string): null {
  const { uid, visitor, consent } = asked
  const { site, tokens } = parts
  const page = consentPage(site, {
    uid,
    token: tokens.make(`consent ${uid}`, visitor.cookieValue),
    email: visitor.signedIn.email,
    request: consent,
    ...(problem === undefined ? {} : { problem }),
  })
  return answerPage(received, site, { ...page, status: problem === undefined ? 200 : 422 })
}

function answerOver(received: Received, { site }: ConsentParts): null {
  const text =
    'This request was answered already, has expired, or was begun in another browser. Go back to the app and connect again.'
  const page = problemPage(site, 'This request is over', text, received.requestId, 'request_over')
  return answerPage(received, site, { ...page, status: 404 })
}
