import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import { revokeKey, rotateKey } from '../identity/key-lifecycle.ts'
import type { IssuedKey, KeyLifecycleDependencies } from '../identity/key-lifecycle.ts'
import { actorOf, done, forOwner, frameFor, onOwnersForm } from './account.ts'
import type { AccountParts } from './account.ts'
import { answerPage, sendOn } from './answer-page.ts'
import type { Form } from './form-body.ts'
import type { IssuedKeyCookie } from './issued-key-cookie.ts'
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
  readonly issuedKey: IssuedKeyCookie
}

export interface KeyRules {
  readonly maxPerUser: number
  readonly defaultExpiryDays: number
  readonly graceHours: number
}

const path = '/account/keys'
const shownOnce = '/account/keys/made'

/** `/account/keys`: the keys of their owner, the page of a new one, their rotation and their end. */
export function accountKeysRoutes(parts: AccountKeysParts): readonly PageRoute[] {
  return [
    pageRoute(path, { get: forOwner(path, parts, (received, visitor) => show(received, visitor, parts)) }),
    pageRoute(shownOnce, {
      get: forOwner(path, parts, async (received, visitor) => showIssued(received, visitor, parts)),
    }),
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
  return toIssued(received, visitor, rotated, upstreams, former, parts)
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

/** Leads to the one page a key is ever shown on. */
export function toIssued(
  received: Received,
  { signedIn }: Visitor,
  { key, expiresAt }: IssuedKey,
  limitedTo: readonly string[],
  formerEndsAt: number | null,
  { site, upstreams, issuedKey }: AccountKeysParts,
): null {
  const url = `${site.publicUrl.href.replace(/\/$/, '')}${endpointFor(limitedTo, upstreams)}`
  const cookie = issuedKey.set({ key, expiresAt, url, formerEndsAt }, signedIn.session.id)
  return sendOn(received, site, shownOnce, [cookie])
}

/** Shows it, and takes it out of the browser: whoever loads the page again finds their keys. */
function showIssued(received: Received, visitor: Visitor, parts: AccountKeysParts): null {
  const { site, issuedKey } = parts
  const facts = issuedKey.read(received.request, visitor.signedIn.session.id)
  if (facts === null) return sendOn(received, site, path)
  const page = issuedKeyPage(site, { ...frameFor(received, visitor, parts), ...facts })
  const isShown = received.head.method === 'GET'
  return answerPage(received, site, { ...page, cookies: isShown ? [issuedKey.clear()] : [] })
}
