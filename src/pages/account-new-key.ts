import type { Received } from '../gateway/received.ts'
import { issueKey } from '../identity/key-lifecycle.ts'
import { forOwner, frameFor, actorOf, onOwnersForm } from './account.ts'
import { toIssued } from './account-keys.ts'
import type { AccountKeysParts } from './account-keys.ts'
import { answerPage } from './answer-page.ts'
import type { Form } from './form-body.ts'
import { offeredDays, offeredScopes, offeredUpstreams } from './key-facts.ts'
import { newKeyPage } from './new-key-page.ts'
import type { NewKeyView } from './new-key-page.ts'
import { pageRoute, queryOf } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import type { Problem } from './problem-summary.ts'
import type { Visitor } from './visitor.ts'

const path = '/account/keys/new'
const several = ['scopes', 'upstreams']

/** `/account/keys/new`: makes a key. What may be chosen is what its owner may do in that workspace at this moment. */
export function newKeyRoutes(parts: AccountKeysParts): readonly PageRoute[] {
  return [
    pageRoute(path, {
      get: forOwner(path, parts, async (received, visitor) => {
        const offer = offerFor(visitor, queryOf(received).get('workspace') ?? '', parts)
        const chosen = { name: '', scopes: offer.scopes, upstreams: [], days: parts.rules.defaultExpiryDays }
        return showForm(received, visitor, offer, chosen, [], parts)
      }),
      post: onOwnersForm(
        path,
        parts,
        (received, visitor, form) => make(received, visitor, form, parts),
        several,
      ),
    }),
  ]
}

type Offer = Pick<NewKeyView, 'workspaces' | 'workspace' | 'scopes' | 'upstreams' | 'days'>

/** What can be chosen; for the first workspace when it is none of theirs that was asked for. */
function offerFor({ signedIn }: Visitor, asked: string, { upstreams, rules }: AccountKeysParts): Offer {
  const workspaces = signedIn.memberships.map(({ workspace }) => workspace).toSorted()
  const workspace = workspaces.includes(asked) ? asked : (workspaces[0] ?? '')
  return {
    workspaces,
    workspace,
    scopes: offeredScopes(upstreams, workspace),
    upstreams: offeredUpstreams(upstreams, workspace).map(({ name }) => name),
    days: offeredDays(rules.defaultExpiryDays),
  }
}

async function make(
  received: Received,
  visitor: Visitor,
  form: Form,
  parts: AccountKeysParts,
): Promise<null> {
  const { signedIn } = visitor
  const offer = offerFor(visitor, form.text('workspace'), parts)
  const chosen = {
    name: form.text('name').trim(),
    scopes: [...new Set(form.all('scopes'))],
    upstreams: [...new Set(form.all('upstreams'))],
    days: Number(form.text('days')),
  }
  const problems = problemsOf(chosen, form.text('workspace'), offer)
  if (problems.length > 0) return showForm(received, visitor, offer, chosen, problems, parts)
  const { name, scopes, upstreams, days } = chosen
  const { workspace } = offer
  const { userId } = signedIn
  const request = { userId, workspace, name, scopes, upstreams, expiresInDays: days, ...parts.rules }
  const issued = await issueKey(request, actorOf(visitor), parts)
  if (issued.outcome === 'created') return toIssued(received, visitor, issued, upstreams, null, parts)
  const text =
    issued.outcome === 'limit_reached'
      ? `You have ${issued.limit} active keys already, which is the most. Revoke one first.`
      : 'You are no longer a member of that workspace.'
  return showForm(received, visitor, offer, chosen, [{ text }], parts)
}

function problemsOf(chosen: NewKeyView['chosen'], asked: string, offer: Offer): readonly Problem[] {
  const { name, scopes, upstreams, days } = chosen
  const problems: Problem[] = []
  if (asked !== offer.workspace) problems.push({ text: 'Choose one of your workspaces.' })
  if (name === '' || name.length > 100 || /\p{Cc}/u.test(name))
    problems.push({ text: 'Give it a name of 1 to 100 characters.', field: 'name' })
  if (!offer.days.includes(days)) problems.push({ text: 'Choose when it expires.', field: 'days' })
  if (scopes.some((scope) => !offer.scopes.includes(scope)))
    problems.push({ text: 'Choose only what is offered for it to do.' })
  if (upstreams.some((upstream) => !offer.upstreams.includes(upstream)))
    problems.push({ text: 'Choose only servers that are offered.' })
  return problems
}

async function showForm(
  received: Received,
  visitor: Visitor,
  offer: Offer,
  chosen: NewKeyView['chosen'],
  problems: readonly Problem[],
  parts: AccountKeysParts,
): Promise<null> {
  const { site } = parts
  const page = newKeyPage(site, { ...frameFor(received, visitor, parts), ...offer, chosen, problems })
  return answerPage(received, site, { ...page, status: problems.length > 0 ? 422 : 200 })
}
