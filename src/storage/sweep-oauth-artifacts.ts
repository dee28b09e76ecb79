import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { SweepOutcome } from '../oauth/artifact-store.ts'
import type { Schema } from './schema.ts'

/**
 * A family without refresh tokens ends for its row when it begins, and an access token of it may live for a day and be
 * taken some seconds late: were the row gone before it, a revoked token would be good again.
 */
const familyMemoryMs = 86_400_000

/** Marks device codes that ran out by `at`, and deletes what ended before `deleteBefore`: about `most` rows of each kind. */
export async function sweepArtifacts(
  kysely: Kysely<Schema>,
  at: number,
  deleteBefore: number,
  most: number,
): Promise<SweepOutcome> {
  const ranOut = kysely
    .selectFrom('oauth_artifacts')
    .select('id_hash')
    .where(sql<boolean>`kind = 'DeviceCode'`)
    .where('decided_at', 'is', null)
    .where('expires_at', '<=', at)
    .orderBy('expires_at')
    .limit(most)
  const expired = await kysely
    .updateTable('oauth_artifacts')
    .set({ decided_at: at })
    .where(sql<boolean>`kind = 'DeviceCode'`)
    .where('id_hash', 'in', ranOut)
    // Marked by another replica since the list was made: it has been counted there.
    .where('decided_at', 'is', null)
    .executeTakeFirst()
  const old = kysely
    .selectFrom('oauth_artifacts')
    .select(['kind', 'id_hash'])
    .where('expires_at', '<', deleteBefore)
    .orderBy('expires_at')
    .limit(most)
  const gone = await kysely
    .deleteFrom('oauth_artifacts')
    .where(({ eb, refTuple }) => eb(refTuple('kind', 'id_hash'), 'in', old.$asTuple('kind', 'id_hash')))
    .executeTakeFirst()
  // Nobody asks for one of these any more, and anybody can make many.
  const abandoned = kysely
    .selectFrom('oauth_artifacts')
    .select('id_hash')
    .where(sql<boolean>`kind = 'Interaction'`)
    .where('decided_at', 'is', null)
    .where('expires_at', '<', at)
    .orderBy('expires_at')
    .limit(most)
  const interactions = await kysely
    .deleteFrom('oauth_artifacts')
    .where(sql<boolean>`kind = 'Interaction'`)
    .where('id_hash', 'in', abandoned)
    .executeTakeFirst()
  const oldFamilies = kysely
    .selectFrom('token_families')
    .select('id')
    .where('expires_at', '<', deleteBefore - familyMemoryMs)
    .orderBy('expires_at')
    .limit(most)
  const families = await kysely.deleteFrom('token_families').where('id', 'in', oldFamilies).executeTakeFirst()
  const deleted = Number(gone.numDeletedRows + interactions.numDeletedRows + families.numDeletedRows)
  return { deviceCodesExpired: Number(expired.numUpdatedRows), deleted }
}
