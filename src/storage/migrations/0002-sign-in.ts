import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** Sign-in, login sessions, OAuth clients, consents and tokens. */
export const signIn: Migration = {
  name: '0002-sign-in',
  async up({ schema }) {
    await schema
      .alterTable('users')
      .addColumn('auth_source', 'text', (column) => column.notNull().defaultTo('local'))
      .execute()
    await schema
      .alterTable('users')
      .addColumn('email_verified', 'integer', (column) => column.notNull().defaultTo(1))
      .execute()
    await schema
      .createIndex('users_active_by_source')
      .on('users')
      // The second for SQLite, which else reads the rows to count them.
      .columns(['auth_source', 'disabled_at'])
      .where(sql.ref('disabled_at'), 'is', null)
      .execute()

    await schema.alterTable('api_keys').addColumn('expiry_told_at', 'bigint').execute()
    await schema
      .createIndex('api_keys_expiring')
      .on('api_keys')
      .column('expires_at')
      .where(sql.ref('expires_at'), 'is not', null)
      .where(sql.ref('expiry_told_at'), 'is', null)
      .where(sql.ref('revoked_at'), 'is', null)
      .where(sql.ref('replaced_by'), 'is', null)
      .execute()

    await schema
      .createTable('passwords')
      .addColumn('user_id', 'text', (column) => column.primaryKey().references('users.id'))
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('set_at', 'bigint', (column) => column.notNull())
      .addColumn('one_time', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()

    await schema
      .createTable('linked_accounts')
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('provider', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull().references('users.id'))
      .addColumn('linked_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('linked_accounts_pkey', ['issuer', 'subject'])
      .execute()
    await schema.createIndex('linked_accounts_by_user').on('linked_accounts').column('user_id').execute()

    await schema
      .createTable('login_sessions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('cookie_hash', 'text', (column) => column.notNull().unique())
      .addColumn('user_id', 'text', (column) => column.references('users.id'))
      .addColumn('provider', 'text', (column) => column.notNull())
      .addColumn('remembered', 'integer', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
      .addColumn('idle_ends_at', 'bigint', (column) => column.notNull())
      .addColumn('absolute_ends_at', 'bigint', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull())
      .addColumn('device_name', 'text', (column) => column.notNull())
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('password_due', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('ended_at', 'bigint')
      .addColumn('end_reason', 'text')
      .execute()
    await schema.createIndex('login_sessions_by_user').on('login_sessions').column('user_id').execute()
    await schema
      .createIndex('login_sessions_active_by_user')
      .on('login_sessions')
      .columns(['user_id', 'started_at'])
      .where(sql.ref('ended_at'), 'is', null)
      .execute()
    await schema
      .createIndex('login_sessions_active_by_idle_end')
      .on('login_sessions')
      .columns(['idle_ends_at', 'ended_at'])
      .where(sql.ref('ended_at'), 'is', null)
      .execute()
    await schema
      .createIndex('login_sessions_active_by_absolute_end')
      .on('login_sessions')
      .column('absolute_ends_at')
      .where(sql.ref('ended_at'), 'is', null)
      .execute()
    await schema
      .createIndex('login_sessions_ended')
      .on('login_sessions')
      .column('ended_at')
      .where(sql.ref('ended_at'), 'is not', null)
      .execute()

    await schema
      .createTable('clients')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('origin', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('metadata', 'text', (column) => column.notNull())
      .addColumn('secret_hash', 'text')
      .addColumn('owner_id', 'text')
      .addColumn('workspace', 'text', (column) => column.references('workspaces.name'))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('fetched_at', 'bigint')
      .addColumn('fresh_until', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .execute()
    await schema
      .createIndex('clients_by_status')
      .on('clients')
      .columns(['status', 'origin', 'last_used_at', 'created_at'])
      .execute()
    await schema.createIndex('clients_by_owner').on('clients').columns(['owner_id', 'created_at']).execute()

    await schema
      .createTable('consents')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('user_id', 'text', (column) => column.notNull().references('users.id'))
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('workspace', 'text', (column) => column.notNull().references('workspaces.name'))
      .addColumn('resource', 'text', (column) => column.notNull())
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('flow', 'text', (column) => column.notNull())
      .addColumn('granted_at', 'bigint', (column) => column.notNull())
      .addColumn('last_used_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addColumn('revoked_by', 'text')
      .execute()
    await schema
      .createIndex('consents_active')
      .unique()
      .on('consents')
      .columns(['user_id', 'client_id', 'workspace', 'resource'])
      .where(sql.ref('revoked_at'), 'is', null)
      .execute()
    await schema.createIndex('consents_by_client').on('consents').column('client_id').execute()
    // Whole, for it serves the count of those that hold as well as the search for old ones.
    await schema.createIndex('consents_by_revocation').on('consents').column('revoked_at').execute()

    await schema
      .createTable('token_families')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('consent_id', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .execute()
    await schema.createIndex('token_families_by_consent').on('token_families').column('consent_id').execute()
    await schema.createIndex('token_families_by_expiry').on('token_families').column('expires_at').execute()

    await schema
      .createTable('access_tokens')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('family_id', 'text')
      .addColumn('consent_id', 'text')
      .addColumn('user_id', 'text')
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('workspace', 'text', (column) => column.notNull())
      .addColumn('refresh_token_hash', 'text')
      .addColumn('issued_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('used_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .execute()
    await schema.createIndex('access_tokens_by_consent').on('access_tokens').column('consent_id').execute()
    await schema.createIndex('access_tokens_by_family').on('access_tokens').column('family_id').execute()
    await schema.createIndex('access_tokens_by_expiry').on('access_tokens').column('expires_at').execute()

    await schema
      .createTable('oauth_artifacts')
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('id_hash', 'text', (column) => column.notNull())
      .addColumn('payload', 'text', (column) => column.notNull())
      .addColumn('family_id', 'text')
      .addColumn('predecessor_hash', 'text')
      .addColumn('user_code_hash', 'text')
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('decided_at', 'bigint')
      .addColumn('polled_at', 'bigint')
      .addColumn('consumed_at', 'bigint')
      .addColumn('arrived_at', 'bigint')
      .addPrimaryKeyConstraint('oauth_artifacts_pkey', ['kind', 'id_hash'])
      .execute()
    await schema
      .createIndex('oauth_artifacts_by_predecessor')
      .on('oauth_artifacts')
      .column('predecessor_hash')
      .execute()
    await schema
      .createIndex('oauth_artifacts_by_user_code')
      .on('oauth_artifacts')
      .column('user_code_hash')
      .execute()
    await schema.createIndex('oauth_artifacts_by_expiry').on('oauth_artifacts').column('expires_at').execute()
    await schema
      .createIndex('oauth_artifacts_undecided')
      .on('oauth_artifacts')
      // The third for SQLite, which else reads the rows to count them.
      .columns(['kind', 'expires_at', 'decided_at'])
      .where(sql.ref('decided_at'), 'is', null)
      .where('kind', '=', 'DeviceCode')
      .execute()
  },
}
