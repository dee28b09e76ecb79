import type { Kysely, Transaction } from 'kysely'
import type { RandomSource } from '../lib/random.ts'
import type { SigningKeyStore, SigningKeyUse, StoredSigningKey } from '../tokens/signing-key-store.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Signing keys in a database; the private half arrives sealed. */
export function signingKeyStore(database: Database, random: RandomSource): SigningKeyStore {
  const { kysely } = database
  /** Replicas must agree on each key, so they look and insert in turn. */
  const inTurn = <T>(work: (trx: Transaction<Schema>) => Promise<T>) =>
    kysely.transaction().execute(async (trx) => {
      await database.lock(trx, 'signing_keys')
      return work(trx)
    })
  return {
    list: (use) => listKeys(kysely, use),

    addFirst: (key) =>
      inTurn(async (trx) => {
        const known = await listKeys(trx, key.use)
        if (known.length > 0) return known
        await insertKey(trx, key)
        return [key]
      }),

    addAfter: (newestId, key) =>
      inTurn(async (trx) => {
        const known = await listKeys(trx, key.use)
        if (known[0]?.id !== newestId) return known
        await insertKey(trx, key)
        await appendAudit(trx, random, {
          action: 'signing_key.rotated',
          target: key.id,
          workspace: null,
          time: key.createdAt,
          actor: { kind: 'system', id: null },
        })
        return [key, ...known]
      }),

    async remove(ids) {
      if (ids.length === 0) return
      await kysely.deleteFrom('signing_keys').where('id', 'in', ids).execute()
    },
  }
}

async function insertKey(trx: Transaction<Schema>, key: StoredSigningKey): Promise<void> {
  const { publicJwk: public_jwk, sealedPrivateJwk: sealed_private_jwk, createdAt: created_at } = key
  await trx
    .insertInto('signing_keys')
    .values({ id: key.id, use: key.use, public_jwk, sealed_private_jwk, created_at })
    .execute()
}

function listKeys(kysely: Kysely<Schema>, use: SigningKeyUse): Promise<StoredSigningKey[]> {
  return kysely
    .selectFrom('signing_keys')
    .select(['id', 'use', 'public_jwk as publicJwk', 'sealed_private_jwk as sealedPrivateJwk'])
    .select('created_at as createdAt')
    .where('use', '=', use)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
}
