import type { Kysely } from 'kysely'
import type { SigningKeyStore, SigningKeyUse, StoredSigningKey } from '../tokens/signing-key-store.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Signing keys in a database; the private half arrives sealed. */
export function signingKeyStore(database: Database): SigningKeyStore {
  const { kysely } = database
  return {
    list: (use) => listKeys(kysely, use),

    addFirst(key) {
      return kysely.transaction().execute(async (trx) => {
        // Replicas that start at once must agree on one key, so they look and insert in turn.
        await database.lock(trx, 'signing_keys')
        const known = await listKeys(trx, key.use)
        if (known.length > 0) return known
        const { publicJwk: public_jwk, sealedPrivateJwk: sealed_private_jwk, createdAt: created_at } = key
        await trx
          .insertInto('signing_keys')
          .values({ id: key.id, use: key.use, public_jwk, sealed_private_jwk, created_at })
          .execute()
        return [key]
      })
    },
  }
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
