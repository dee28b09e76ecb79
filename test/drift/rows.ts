import type { Database } from '../../src/storage/database.ts'
import type { ClientRow, ConsentRow, LoginSessionRow, OauthArtifactRow } from '../../src/storage/schema.ts'

/** What is in the store, read past everything that the product reads it with. */
export interface Rows {
  readonly users: readonly UserRow[]
  /** When each password was set, by its user. */
  readonly passwords: ReadonlyMap<string, number>
  readonly sessions: readonly LoginSessionRow[]
  readonly consents: readonly ConsentRow[]
  readonly clients: readonly ClientRow[]
  readonly keys: readonly KeyRow[]
  readonly codes: readonly OauthArtifactRow[]
}

interface UserRow {
  readonly id: string
  readonly disabled_at: number | null
  readonly auth_source: string
}

export interface KeyRow {
  readonly id: string
  readonly user_id: string
  readonly expires_at: number | null
  readonly revoked_at: number | null
  readonly replaced_by: string | null
  readonly expiry_told_at: number | null
}

export async function readRows({ kysely }: Database): Promise<Rows> {
  const passwords = await kysely.selectFrom('passwords').select(['user_id', 'set_at']).execute()
  return {
    users: await kysely
      .selectFrom('users')
      .select(['id', 'disabled_at', 'auth_source'])
      .orderBy('id')
      .execute(),
    passwords: new Map(passwords.map(({ user_id, set_at }) => [user_id, set_at])),
    sessions: await kysely
      .selectFrom('login_sessions')
      .selectAll()
      .orderBy('started_at')
      .orderBy('id')
      .execute(),
    consents: await kysely.selectFrom('consents').selectAll().orderBy('granted_at').orderBy('id').execute(),
    clients: await kysely.selectFrom('clients').selectAll().orderBy('created_at').orderBy('id').execute(),
    keys: await kysely
      .selectFrom('api_keys')
      .select(['id', 'user_id', 'expires_at', 'revoked_at', 'replaced_by', 'expiry_told_at'])
      .orderBy('created_at')
      .orderBy('id')
      .execute(),
    codes: await kysely
      .selectFrom('oauth_artifacts')
      .selectAll()
      .where('kind', '=', 'DeviceCode')
      .orderBy('expires_at')
      .orderBy('id_hash')
      .execute(),
  }
}

const tables = [
  'access_tokens',
  'token_families',
  'oauth_artifacts',
  'consents',
  'clients',
  'login_sessions',
  'linked_accounts',
  'passwords',
  'api_keys',
  'memberships',
  'audit_log',
  'users',
] as const

/** Takes everything out, for the next sequence. */
export async function clearRows({ kysely }: Database): Promise<void> {
  for (const table of tables) await kysely.deleteFrom(table).execute()
}
