import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { Consents } from '../oauth/consent.ts'
import { actorOf, done, forOwner, frameFor, onOwnersForm } from './account.ts'
import type { AccountParts } from './account.ts'
import { answerPage } from './answer-page.ts'
import { appsPage } from './apps-page.ts'
import type { Form } from './form-body.ts'
import { listPage } from './list-page.ts'
import { pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import type { Visitor } from './visitor.ts'

export interface AccountAppsParts extends AccountParts {
  readonly consents: Pick<Consents, 'list' | 'revoke'>
}

const path = '/account/apps'

/** `/account/apps`: the consents of their giver, and their ends. */
export function accountAppsRoutes(parts: AccountAppsParts): readonly PageRoute[] {
  return [
    pageRoute(path, { get: forOwner(path, parts, (received, visitor) => show(received, visitor, parts)) }),
    pageRoute('/account/apps/revoke', {
      post: onOwnersForm(path, parts, (received, visitor, form) => revoke(received, visitor, form, parts)),
    }),
  ]
}

async function show(received: Received, visitor: Visitor, parts: AccountAppsParts): Promise<null> {
  const all = await parts.consents.list(visitor.signedIn.userId)
  const consents = listPage(all, queryOf(received).get('page'))
  return answerPage(
    received,
    parts.site,
    appsPage(parts.site, { ...frameFor(received, visitor, parts), consents }),
  )
}

async function revoke(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountAppsParts,
): Promise<Refusal | null> {
  const { userId } = visitor.signedIn
  const revoked = await parts.consents.revoke(form.text('id'), actorOf(visitor), userId)
  return revoked ? done(received, parts, path, 'app-revoked') : { refused: 'not_found' }
}
