import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { LinkedAccountStore } from '../identity/linked-account-store.ts'
import type { LoginSessions } from '../identity/login-session.ts'
import type { Consents } from '../oauth/consent.ts'
import { actorOf, done, forOwner, frameFor, onOwnersForm } from './account.ts'
import type { AccountParts } from './account.ts'
import { answerPage } from './answer-page.ts'
import type { Form } from './form-body.ts'
import { listPage } from './list-page.ts'
import { pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { sessionsPage } from './sessions-page.ts'
import type { Visitor } from './visitor.ts'

export interface AccountSessionsParts extends AccountParts {
  readonly loginSessions: Pick<LoginSessions, 'find' | 'list' | 'end' | 'endAll'>
  readonly consents: Pick<Consents, 'revokeAll'>
  readonly linkedAccounts: Pick<LinkedAccountStore, 'list'>
}

const path = '/account'

/** `/account`: the login sessions of its owner, and their ends. */
export function accountSessionsRoutes(parts: AccountSessionsParts): readonly PageRoute[] {
  return [
    pageRoute(path, { get: forOwner(path, parts, (received, visitor) => show(received, visitor, parts)) }),
    pageRoute('/account/sessions/end', {
      post: onOwnersForm(path, parts, (received, visitor, form) => endOne(received, visitor, form, parts)),
    }),
    pageRoute('/account/sessions/end-others', {
      post: onOwnersForm(path, parts, (received, visitor, form) => endOthers(received, visitor, form, parts)),
    }),
  ]
}

async function show(received: Received, visitor: Visitor, parts: AccountSessionsParts): Promise<null> {
  const { session, userId } = visitor.signedIn
  const all = await parts.loginSessions.list(userId)
  // Their own first: it is the one that tells them what the others look like.
  const sorted = [...all].sort((a, b) => Number(b.id === session.id) - Number(a.id === session.id))
  const sessions = listPage(sorted, queryOf(received).get('page'))
  const hasPassword = (await parts.ownPassword?.state(visitor.signedIn)) === 'set'
  const linked = await parts.linkedAccounts.list(userId)
  const frame = frameFor(received, visitor, parts)
  const view = { ...frame, sessions, currentId: session.id, hasPassword, linked }
  return answerPage(received, parts.site, sessionsPage(parts.site, view))
}

/** A session of somebody else is answered like one that never was (auth 21). */
async function endOne(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountSessionsParts,
): Promise<Refusal | null> {
  const { userId } = visitor.signedIn
  const ended = await parts.loginSessions.end(form.text('id'), 'revoked_by_user', actorOf(visitor), userId)
  if (!ended) return { refused: 'not_found' }
  const apps = await appsToo(form, visitor, parts)
  return done(received, parts, path, apps ? 'sessions-and-apps-ended' : 'session-ended')
}

async function endOthers(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountSessionsParts,
): Promise<null> {
  const { userId, session } = visitor.signedIn
  await parts.loginSessions.endAll(userId, session.id, 'revoked_by_user', actorOf(visitor))
  const apps = await appsToo(form, visitor, parts)
  return done(received, parts, path, apps ? 'sessions-and-apps-ended' : 'sessions-ended')
}

async function appsToo(form: Form, visitor: Visitor, { consents }: AccountSessionsParts): Promise<boolean> {
  if (form.text('apps') !== 'yes') return false
  await consents.revokeAll(visitor.signedIn.userId, actorOf(visitor))
  return true
}
