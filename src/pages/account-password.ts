import { senderOf } from '../gateway/observe-call.ts'
import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { LinkedAccountStore } from '../identity/linked-account-store.ts'
import type { OwnPassword, PasswordState } from '../identity/own-password.ts'
import { Secret } from '../lib/secret.ts'
import type { Interactions } from '../oauth/interaction.ts'
import { done, forOwner, frameFor, onOwnersForm } from './account.ts'
import type { AccountParts } from './account.ts'
import { answerPage, sendOn } from './answer-page.ts'
import type { Form } from './form-body.ts'
import { home, interactionOf, nextPath, passwordPath as path } from './next-path.ts'
import { pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { passwordPage } from './password-page.ts'
import type { Problem } from './problem-summary.ts'
import { visibleSpan } from './visible-time.ts'
import type { Visitor } from './visitor.ts'

export interface AccountPasswordParts extends AccountParts {
  readonly linkedAccounts: Pick<LinkedAccountStore, 'list'>
  readonly interactions: Pick<Interactions, 'describe'>
}

/** `/account/password`: where there are passwords of ours, their owners change them. */
export function accountPasswordRoutes(parts: AccountPasswordParts): readonly PageRoute[] {
  const { ownPassword } = parts
  if (ownPassword === null) return []
  return [
    pageRoute(path, {
      get: forOwner(path, parts, async (received, visitor) => {
        const state = await ownPassword.state(visitor.signedIn)
        return show(received, visitor, { state, next: nextPath(queryOf(received).get('next')) }, parts)
      }),
      post: onOwnersForm(path, parts, (received, visitor, form) =>
        change(received, visitor, form, { ...parts, ownPassword }),
      ),
    }),
  ]
}

async function change(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountPasswordParts & { readonly ownPassword: OwnPassword },
): Promise<Refusal | null> {
  const { signedIn } = visitor
  const isDue = signedIn.session.passwordDue === true
  const next = nextPath(form.text('next'))
  const [current, chosen] = [new Secret(form.text('current')), new Secret(form.text('chosen'))]
  const { address } = received
  const asked = { signedIn, current, chosen, address, sender: senderOf(received) }
  const outcome = await parts.ownPassword.change(asked)
  const again = (status: number, problem: Problem, fields: readonly string[] = []) =>
    show(received, visitor, { state: isDue ? 'due' : 'set', next, problem, status, fields }, parts)
  switch (outcome.outcome) {
    case 'changed':
      if (!isDue) return done(received, parts, path, 'password-changed')
      return next === home ? done(received, parts, home, 'password-set') : sendOn(received, parts.site, next)
    case 'not_theirs':
      return sendOn(received, parts.site, path)
    case 'wrong':
      return again(403, { text: 'The current password is wrong.', field: 'current' })
    case 'unfit':
      return again(422, { text: `The new password ${outcome.problem}.`, field: 'chosen' })
    case 'busy':
      return again(503, { text: 'Too many passwords are being checked just now. Try again in a moment.' }, [
        'Retry-After',
        '1',
      ])
    case 'rate_limited': {
      const seconds = outcome.retryAfterSeconds
      const text = `There were too many attempts. Wait ${visibleSpan(seconds)}, then try again.`
      return again(429, { text }, ['Retry-After', String(seconds)])
    }
  }
}

interface Shown {
  readonly state: PasswordState
  readonly next: string
  readonly problem?: Problem
  readonly status?: number
  readonly fields?: readonly string[]
}

/** After it the browser may go on to a client that waits: the page names that way back (T53). */
async function show(
  received: Received,
  visitor: Visitor,
  { state, next, problem, status = 200, fields = [] }: Shown,
  parts: AccountPasswordParts,
): Promise<null> {
  const { site, interactions, linkedAccounts } = parts
  const uid = state === 'due' ? interactionOf(next) : null
  const waiting = uid === null ? null : await interactions.describe(uid)
  const linked = state === 'none' ? await linkedAccounts.list(visitor.signedIn.userId) : []
  const view = { ...frameFor(received, visitor, parts), state, next, linked, problem: problem ?? null }
  const page = passwordPage(site, view)
  return answerPage(received, site, { ...page, status, fields, formAction: waiting?.formAction ?? [] })
}
