import type { User } from '../../../src/identity/user.ts'
import { operator } from '../../support/gateway.ts'
import type { TestGateway } from '../../support/gateway.ts'

export const upstreamNames = ['code', 'wiki', 'vault'] as const
export type UpstreamName = (typeof upstreamNames)[number]

/** Somebody who sends requests with one credential, and what must come of them. */
export interface Holder {
  /** The `Authorization` value; null for nobody. */
  readonly authorization: string | null
  readonly sub: string
  readonly workspace: string
  /** As in the assertion: separated by spaces. */
  readonly scope: string
  /** Whose MCP sessions are theirs: user and workspace. */
  readonly owner: string
  /** The reason each call of theirs is refused for, wherever it goes. */
  readonly refused: string | null
}

const users = 300
const workspaces = 30
const scopeSets = [['code:read'], ['code:write', 'notes:read'], ['*'], ['notes:read'], []]

const workspaceName = (index: number) => `team-${index % workspaces}`

/** Upstream entries: one that needs a scope, one that needs nothing, one for every other workspace. */
export function upstreamEntries(urls: Readonly<Record<UpstreamName, string>>) {
  const open = Array.from({ length: workspaces / 2 }, (_, index) => workspaceName(index * 2))
  return [
    { name: 'code', url: urls.code, default: true, scopes: ['code:read'] },
    { name: 'wiki', url: urls.wiki },
    { name: 'vault', url: urls.vault, workspaces: open },
  ]
}

/** Why this holder is refused at this upstream, or null when the call goes through. */
export function refusalAt(holder: Holder, upstream: UpstreamName): string | null {
  if (holder.refused !== null) return holder.refused
  const scopes = holder.scope.split(' ')
  const mayReadCode = ['code:read', 'code:write', '*'].some((scope) => scopes.includes(scope))
  if (upstream === 'code') return mayReadCode ? null : 'insufficient_scope'
  const even = Number(holder.workspace.slice('team-'.length)) % 2 === 0
  return upstream === 'wiki' || even ? null : 'upstream_not_allowed'
}

/**
 * Makes 300 users in 30 workspaces, every fifth a member of two, with one to three keys of different scopes each.
 * Some keys are revoked or expired; twenty holders have no credential at all.
 */
export async function makeHolders(gateway: TestGateway): Promise<readonly Holder[]> {
  const nobody = { authorization: null, sub: '', workspace: '', scope: '', owner: '' }
  const holders: Holder[] = Array.from({ length: 20 }, () => ({ ...nobody, refused: 'missing_credential' }))
  const give = async (user: User, workspace: string, scopes: string[], fate: Holder['refused'] = null) => {
    const expiresInDays = fate === 'expired_key' ? -1 : null
    const { id, key } = await gateway.createKey(user, { workspace, scopes, expiresInDays })
    if (fate === 'revoked_key') await gateway.store.apiKeys.revoke(id, 1, {}, operator)
    const owner = `${user.id} ${workspace}`
    const identity = { sub: user.id, workspace, scope: scopes.join(' '), owner }
    holders.push({ ...identity, authorization: `Bearer ${key}`, refused: fate })
  }
  for (let index = 0; index < users; index += 1) {
    const email = `user-${index}@example.com`
    const home = workspaceName(index)
    const user = await gateway.addUser(email, home)
    for (let nth = 0; nth <= index % 3; nth += 1)
      await give(user, home, scopeSets[(index + nth) % scopeSets.length] ?? [])
    if (index % 5 === 0) {
      const second = workspaceName(index + 7)
      await gateway.addUser(email, second)
      await give(user, second, scopeSets[index % scopeSets.length] ?? [])
    }
    if (index % 15 === 1) await give(user, home, ['*'], 'revoked_key')
    if (index % 15 === 2) await give(user, home, ['*'], 'expired_key')
  }
  return holders
}
