import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { Actor } from '../identity/api-key-store.ts'
import type { OwnPassword } from '../identity/own-password.ts'
import type { Limiter, LimitPolicy } from '../limits/limiter.ts'
import type { AccountFrame } from './account-page.ts'
import { sendOn } from './answer-page.ts'
import type { Form } from './form-body.ts'
import { nextPath, passwordFirst, passwordPath } from './next-path.ts'
import { readOwnForm } from './own-form.ts'
import type { OwnFormParts } from './own-form.ts'
import { queryOf } from './page-route.ts'
import type { PageAnswerer } from './page-route.ts'
import { findVisitor, owesPassword } from './visitor.ts'
import type { Visitor, VisitorDependencies } from './visitor.ts'

export interface AccountParts extends OwnFormParts, VisitorDependencies {
  /** Null when limits are off. */
  readonly limits: { readonly limiter: Limiter; readonly account: LimitPolicy } | null
  /** Null where there are no passwords of ours. */
  readonly ownPassword: OwnPassword | null
}

/** What was done, told on the page that comes after it. */
const notices = {
  'session-ended': 'That session has ended.',
  'sessions-ended': 'Every other session has ended.',
  'sessions-and-apps-ended': 'Ended, and your apps have lost their access.',
  'app-revoked': 'The app has lost its access.',
  'key-revoked': 'The key is revoked.',
  'password-changed': 'Your password is changed. Every other session has ended.',
  'password-set': 'Your password is set.',
} as const
export type Notice = keyof typeof notices

/** Shows a page of the account to its owner; anybody else signs in first. */
export function forOwner(
  path: string,
  parts: AccountParts,
  show: (received: Received, visitor: Visitor) => Promise<Refusal | null>,
): PageAnswerer {
  return async (received) => {
    const visitor = await findVisitor(received, parts)
    if (visitor === null) return toSignIn(received, parts, path)
    return mustChoose(visitor, parts, path) ? toPassword(received, parts, path) : show(received, visitor)
  }
}

/** Does what a form of the account asks for, within the owner's budget. `path` is where they go who must sign in. */
export function onOwnersForm(
  path: string,
  parts: AccountParts,
  act: (received: Received, visitor: Visitor, form: Form) => Promise<Refusal | null>,
  several: readonly string[] = [],
): PageAnswerer {
  return async (received) => {
    const visitor = await findVisitor(received, parts)
    if (visitor === null) return toSignIn(received, parts, path)
    if (mustChoose(visitor, parts, path)) return toPassword(received, parts, path)
    const form = await readOwnForm(received, parts, 'account', visitor.cookieValue, several)
    if ('refused' in form) return form
    return overBudget(visitor, parts) ?? (await act(received, visitor, form))
  }
}

function toSignIn(received: Received, { site }: AccountParts, path: string): null {
  return sendOn(received, site, `/login?next=${encodeURIComponent(nextPath(path))}`)
}

function mustChoose(visitor: Visitor, { ownPassword }: AccountParts, path: string): boolean {
  return path !== passwordPath && owesPassword(visitor, ownPassword)
}

function toPassword(received: Received, { site }: AccountParts, path: string): null {
  return sendOn(received, site, passwordFirst(nextPath(path)))
}

function overBudget({ signedIn }: Visitor, { limits }: AccountParts): Refusal | null {
  if (limits === null) return null
  const decision = limits.limiter.take(limits.account, signedIn.userId)
  if (decision.allowed) return null
  return { refused: 'rate_limited', endpoint: 'account', limit: { policy: limits.account, decision } }
}

export function frameFor(
  received: Received,
  { signedIn, cookieValue }: Visitor,
  { tokens, ownPassword }: AccountParts,
): AccountFrame {
  const token = tokens.make('account', cookieValue)
  const frame = { email: signedIn.email, token, hasPasswords: ownPassword !== null }
  const done = queryOf(received).get('done')
  return done !== null && Object.hasOwn(notices, done) ? { ...frame, notice: notices[done as Notice] } : frame
}

/** Back to a list, which says what was done. */
export function done(received: Received, { site }: AccountParts, path: string, notice: Notice): null {
  return sendOn(received, site, `${path}?done=${notice}`)
}

export function actorOf({ signedIn }: Visitor): Actor {
  return { kind: 'user', id: signedIn.userId }
}
