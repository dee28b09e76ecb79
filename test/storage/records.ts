import type { Actor, NewApiKey } from '../../src/identity/api-key-store.ts'
import type { User } from '../../src/identity/user.ts'
import type { McpSession } from '../../src/gateway/mcp-session-store.ts'
import type { Store } from '../../src/storage/open-store.ts'

export const admin: Actor = { kind: 'admin', id: null }

/** Adds a member of `default` named after the letter: `usr_a`, a@example.com. */
export async function addUser(store: Store, letter = 'a', workspace = 'default'): Promise<User> {
  const { user } = await store.users.add(
    { id: `usr_${letter}`, email: `${letter}@example.com`, workspace, role: 'user', at: 1 },
    admin,
  )
  return user
}

export function newKey(id: string, more: Partial<NewApiKey> = {}): NewApiKey {
  return {
    id,
    secretHash: `hash of ${id}`,
    userId: 'usr_a',
    workspace: 'default',
    name: 'laptop',
    scopes: ['code:read', 'code:write'],
    upstreams: ['code'],
    createdAt: 1000,
    expiresAt: 9000,
    ...more,
  }
}

export async function addKey(store: Store, id: string, more: Partial<NewApiKey> = {}): Promise<void> {
  await store.apiKeys.create(newKey(id, more), { maxPerUser: 1_000_000 }, admin)
}

export function newSession(idHash: string, more: Partial<McpSession> = {}): McpSession {
  return {
    idHash,
    upstream: 'code',
    issuer: 'https://mcp.example.com',
    subject: 'usr_a',
    clientId: '',
    workspace: 'default',
    client: 'other',
    sealedId: `sealed ${idHash}`,
    startedAt: 100,
    lastSeenAt: 100,
    ...more,
  }
}

export function actions(rows: readonly { action: string; target: string }[]): string[] {
  return rows.map(({ action, target }) => `${action} ${target}`)
}
