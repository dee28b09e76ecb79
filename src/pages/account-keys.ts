import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import { revokeKey, rotateKey } from '../identity/key-lifecycle.ts'
import type { IssuedKey, KeyLifecycleDependencies } from '../identity/key-lifecycle.ts'
import { actorOf, done, forOwner, frameFor, onOwnersForm } from './account.ts'
import type { AccountParts } from './account.ts'
import { answerPage } from './answer-page.ts'
import type { Form } from './form-body.ts'
import { issuedKeyPage } from './issued-key-page.ts'
import { endpointFor, keyState } from './key-facts.ts'
import type { ShownUpstream } from './key-facts.ts'
import { keysPage } from './keys-page.ts'
import { listPage } from './list-page.ts'
import { pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import type { Visitor } from './visitor.ts'

export interface AccountKeysParts extends AccountParts, KeyLifecycleDependencies {
  readonly apiKeys: ApiKeyStore
  readonly upstreams: readonly ShownUpstream[]
  readonly rules: KeyRules
}

export interface KeyRules {
  readonly maxPerUser: number
  readonly defaultExpiryDays: number
  readonly graceHours: number
}

const path = '/account/keys'

/** `/account/keys`: the keys of their owner, their rotation and their end. */
export function accountKeysRoutes(parts: AccountKeysParts): readonly PageRoute[] {
  return [
    pageRoute(path, { get: forOwner(path, parts, (received, visitor) => show(received, visitor, parts)) }),
    pageRoute('/account/keys/rotate', {
      post: onOwnersForm(path, parts, (received, visitor, form) => rotate(received, visitor, form, parts)),
    }),
    pageRoute('/account/keys/revoke', {
      post: onOwnersForm(path, parts, (received, visitor, form) => revoke(received, visitor, form, parts)),
    }),
  ]
}

async function show(received: Received, visitor: Visitor, parts: AccountKeysParts): Promise<null> {
  const now = parts.clock.now()
  const all = await parts.apiKeys.list({ userId: visitor.signedIn.userId })
  const rank = { active: 0, replaced: 1, expired: 2, revoked: 3 }
  const sorted = all
    .map((key) => ({ key, state: keyState(key, now) }))
    .sort((a, b) => rank[a.state] - rank[b.state] || b.key.createdAt - a.key.createdAt)
  const view = {
    ...frameFor(received, visitor, parts),
    keys: listPage(
      sorted.map(({ key }) => key),
      queryOf(received).get('page'),
    ),
    now,
    graceHours: parts.rules.graceHours,
    active: sorted.filter(({ state }) => state === 'active').length,
    most: parts.rules.maxPerUser,
  }
  return answerPage(received, parts.site, keysPage(parts.site, view))
}

/** Somebody else's key is answered like one that never was (auth 21). */
async function rotate(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountKeysParts,
): Promise<Refusal | null> {
  const filter = { userId: visitor.signedIn.userId }
  const id = form.text('id')
  const rotated = await rotateKey(id, parts.rules.graceHours, filter, actorOf(visitor), parts)
  if (rotated.outcome !== 'rotated') return { refused: 'not_found' }
  const keys = await parts.apiKeys.list(filter)
  const upstreams = keys.find((key) => key.id === rotated.id)?.upstreams ?? []
  const former = keys.find((key) => key.id === id)?.expiresAt ?? null
  return showIssued(received, visitor, rotated, upstreams, former, parts)
}

async function revoke(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountKeysParts,
): Promise<Refusal | null> {
  const filter = { userId: visitor.signedIn.userId }
  const revoked = await revokeKey(form.text('id'), filter, actorOf(visitor), parts)
  return revoked ? done(received, parts, path, 'key-revoked') : { refused: 'not_found' }
}

/** The one answer a key is ever in. It is the answer to the form itself: nothing keeps the key for a page after it. */
export function showIssued(
  received: Received,
  visitor: Visitor,
  { key, expiresAt }: IssuedKey,
  limitedTo: readonly string[],
  formerEndsAt: number | null,
  parts: AccountKeysParts,
): null {
  const { site, upstreams } = parts
  const url = `${site.publicUrl.href.replace(/\/$/, '')}${endpointFor(limitedTo, upstreams)}`
  const view = { ...frameFor(received, visitor, parts), key, expiresAt, url, formerEndsAt }
  return answerPage(received, site, issuedKeyPage(site, view))
}
