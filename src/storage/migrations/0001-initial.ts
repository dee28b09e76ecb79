import { sql } from 'kysely'
import type { Migration } from '../migrate.ts'

/** Users, keys, sessions and the audit log. */
export const initial: Migration = {
  name: '0001-initial',
  async up(trx, kind) {
    const { schema } = trx
    await schema
      .createTable('schema_migrations')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('applied_at', 'bigint', (column) => column.notNull())
      .execute()

    await schema
      .createTable('users')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('email', 'text', (column) => column.notNull().unique())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('disabled_at', 'bigint')
      .addColumn('attribution_salt', 'text', (column) => column.notNull())
      .execute()

    await schema
      .createTable('workspaces')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute()

    await schema
      .createTable('memberships')
      .addColumn('user_id', 'text', (column) => column.notNull().references('users.id'))
      .addColumn('workspace', 'text', (column) => column.notNull().references('workspaces.name'))
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('memberships_pkey', ['user_id', 'workspace'])
      .execute()

    await schema
      .createTable('api_keys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('secret_hash', 'text', (column) => column.notNull())
      .addColumn('user_id', 'text', (column) => column.notNull().references('users.id'))
      .addColumn('workspace', 'text', (column) => column.notNull().references('workspaces.name'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('upstreams', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addColumn('replaced_by', 'text')
      .execute()
    await schema
      .createIndex('api_keys_by_user')
      .on('api_keys')
      .columns(['user_id', 'created_at', 'id'])
      .execute()
    await schema
      .createIndex('api_keys_active')
      .on('api_keys')
      .columns(['user_id', 'expires_at'])
      .where(sql.ref('revoked_at'), 'is', null)
      .where(sql.ref('replaced_by'), 'is', null)
      .execute()

    await schema
      .createTable('signing_keys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('use', 'text', (column) => column.notNull())
      .addColumn('public_jwk', 'text', (column) => column.notNull())
      .addColumn('sealed_private_jwk', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute()
    await schema
      .createIndex('signing_keys_by_use')
      .on('signing_keys')
      .columns(['use', 'created_at', 'id'])
      .execute()

    await schema
      .createTable('mcp_sessions')
      .addColumn('id_hash', 'text', (column) => column.primaryKey())
      .addColumn('upstream', 'text', (column) => column.notNull())
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('workspace', 'text', (column) => column.notNull())
      .addColumn('sealed_id', 'text', (column) => column.notNull())
      .addColumn('client', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('last_seen_at', 'bigint', (column) => column.notNull())
      .execute()
    await schema.createIndex('mcp_sessions_by_upstream').on('mcp_sessions').column('upstream').execute()
    await schema.createIndex('mcp_sessions_by_last_seen').on('mcp_sessions').column('last_seen_at').execute()

    await schema
      .createTable('audit_log')
      // The one column whose type differs: a rising number the database gives.
      .addColumn('position', kind === 'sqlite' ? 'integer' : 'bigserial', (column) =>
        kind === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
      )
      // Unique by how it is made; nothing is looked up by it, and an index costs each row an insert.
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('time', 'bigint', (column) => column.notNull())
      .addColumn('actor_kind', 'text', (column) => column.notNull())
      .addColumn('actor_id', 'text')
      .addColumn('workspace', 'text')
      .addColumn('client_id', 'text')
      .addColumn('credential_id', 'text')
      .addColumn('address', 'text')
      .addColumn('action', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('reason', 'text')
      .addColumn('request_id', 'text')
      .addColumn('trace_id', 'text')
      .addColumn('count', 'integer', (column) => column.notNull())
      .execute()
    // Rows of one time are few: their order needs no part of the index.
    await schema.createIndex('audit_log_by_time').on('audit_log').column('time').execute()
    await schema.createIndex('audit_log_by_target').on('audit_log').columns(['target', 'time']).execute()
    await schema.createIndex('audit_log_by_actor').on('audit_log').columns(['actor_id', 'time']).execute()
  },
}
