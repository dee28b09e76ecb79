import { sql } from 'kysely'
import type { ExpressionBuilder, Transaction } from 'kysely'
import type { RandomSource } from '../lib/random.ts'
import type {
  Artifact,
  ArtifactKind,
  ArtifactStore,
  RedeemOutcome,
  RotateOutcome,
} from '../oauth/artifact-store.ts'
import type { AccessTokenForCall } from '../tokens/access-token-store.ts'
import { appendAudit } from './audit.ts'
import type { Database, HotLookup } from './database.ts'
import type { Schema } from './schema.ts'
import { sweepArtifacts } from './sweep-oauth-artifacts.ts'

/** How long a used refresh token is still recognised once its successor has been used as well. */
const replayMemoryMs = 86_400_000

/** The library's artefacts in a database. `tokens` answers for access tokens and forgets what a change here makes stale. */
export function artifactStore(
  database: Database,
  tokens: HotLookup<AccessTokenForCall>,
  random: RandomSource,
): ArtifactStore {
  const { kysely, kind: databaseKind } = database

  const select = () =>
    kysely
      .selectFrom('oauth_artifacts')
      .leftJoin('token_families', 'token_families.id', 'oauth_artifacts.family_id')
      .select(['id_hash as idHash', 'payload', 'family_id as familyId', 'token_families.revoked_at as ended'])
      .select(['oauth_artifacts.expires_at as expiresAt', 'decided_at as decidedAt'])
      .select('consumed_at as consumedAt')

  const endFamily = async (trx: Transaction<Schema>, id: string, at: number): Promise<boolean> => {
    const ended = await trx
      .updateTable('token_families')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning(['consent_id', 'client_id'])
      .executeTakeFirst()
    if (ended === undefined) return false
    await appendAudit(trx, random, {
      action: 'token.revoked',
      target: `${ended.client_id} ${ended.consent_id}`,
      workspace: null,
      time: at,
      actor: { kind: 'system', id: null },
    })
    tokens.forgetAll()
    return true
  }

  const rowOf = (kind: ArtifactKind, idHash: string) => (eb: ArtifactExpression) =>
    eb.and([eb('oauth_artifacts.kind', '=', kind), eb('oauth_artifacts.id_hash', '=', idHash)])

  return {
    async find(kind, idHash) {
      const row = await select().where(rowOf(kind, idHash)).executeTakeFirst()
      return row === undefined ? undefined : artifactOf(row)
    },

    async findByUserCode(userCodeHash) {
      const row = await select().where('user_code_hash', '=', userCodeHash).executeTakeFirst()
      return row === undefined ? undefined : artifactOf(row)
    },

    async save({ kind, idHash, payload, expiresAt, userCodeHash = null }) {
      const row = { kind, id_hash: idHash, payload, expires_at: expiresAt, user_code_hash: userCodeHash }
      await kysely
        .insertInto('oauth_artifacts')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['kind', 'id_hash']).doUpdateSet({ payload, expires_at: expiresAt }),
        )
        .execute()
    },

    async saveOnce({ kind, idHash, payload, expiresAt }) {
      const inserted = await kysely
        .insertInto('oauth_artifacts')
        .values({ kind, id_hash: idHash, payload, expires_at: expiresAt })
        .onConflict((conflict) => conflict.columns(['kind', 'id_hash']).doNothing())
        .executeTakeFirst()
      return inserted.numInsertedOrUpdatedRows === 1n
    },

    async saveRefreshToken({ idHash, payload, expiresAt, familyId, predecessorHash }) {
      await kysely.transaction().execute(async (trx) => {
        const hashes = { id_hash: idHash, family_id: familyId, predecessor_hash: predecessorHash }
        await trx
          .insertInto('oauth_artifacts')
          .values({ kind: 'RefreshToken', payload, expires_at: expiresAt, ...hashes })
          .execute()
        await trx
          .updateTable('token_families')
          .set({ expires_at: expiresAt })
          .where('id', '=', familyId)
          .where('expires_at', '<', expiresAt)
          .execute()
      })
    },

    async destroy(kind, idHash) {
      await kysely.deleteFrom('oauth_artifacts').where(rowOf(kind, idHash)).execute()
    },

    redeem(kind, idHash, { consentId, clientId }, at) {
      return kysely.transaction().execute(async (trx): Promise<RedeemOutcome> => {
        const used = await trx
          .updateTable('oauth_artifacts')
          .set({ consumed_at: at, family_id: idHash })
          .where(rowOf(kind, idHash))
          .where('consumed_at', 'is', null)
          .executeTakeFirst()
        if (used.numUpdatedRows === 1n) {
          const family = { id: idHash, consent_id: consentId, client_id: clientId }
          await trx
            .insertInto('token_families')
            .values({ ...family, started_at: at, expires_at: at })
            .execute()
          return { outcome: 'redeemed' }
        }
        // Section 4.1.2 of RFC 6749: what was issued for the code before ends.
        const issued = await trx
          .selectFrom('access_tokens')
          .select('id')
          .where('family_id', '=', idHash)
          .limit(1)
          .executeTakeFirst()
        return { outcome: 'replayed', revoked: issued !== undefined && (await endFamily(trx, idHash, at)) }
      })
    },

    rotate(idHash, at, graceMs) {
      return kysely.transaction().execute(async (trx): Promise<RotateOutcome> => {
        const token = await trx
          .selectFrom('oauth_artifacts')
          .innerJoin('token_families', 'token_families.id', 'oauth_artifacts.family_id')
          .select(['consumed_at', 'predecessor_hash', 'family_id', 'token_families.revoked_at'])
          .where(rowOf('RefreshToken', idHash))
          // Uses of one token take turns: whichever comes second sees what the first one wrote.
          .$if(databaseKind === 'postgres', (query) => query.forUpdate('oauth_artifacts'))
          .executeTakeFirst()
        if (token === undefined || token.family_id === null || token.revoked_at !== null) {
          return { outcome: 'revoked' }
        }
        if (token.consumed_at === null) {
          await trx
            .updateTable('oauth_artifacts')
            .set({ consumed_at: at })
            .where(rowOf('RefreshToken', idHash))
            .execute()
          if (token.predecessor_hash !== null) await retire(trx, token.predecessor_hash, at)
          return { outcome: 'rotated' }
        }
        if (at - token.consumed_at <= graceMs) return { outcome: 'rotated' }
        const arrived = await trx
          .selectFrom('oauth_artifacts')
          .select('id_hash')
          .where('predecessor_hash', '=', idHash)
          .where((eb) => eb.or([eb('consumed_at', 'is not', null), eb('arrived_at', 'is not', null)]))
          .limit(1)
          .executeTakeFirst()
        if (arrived === undefined) return { outcome: 'rotated' }
        return { outcome: 'replayed', revoked: await endFamily(trx, token.family_id, at) }
      })
    },

    async decide(idHash, payload, at) {
      const decided = await kysely
        .updateTable('oauth_artifacts')
        .set({ payload, decided_at: at })
        .where(rowOf('DeviceCode', idHash))
        .where('decided_at', 'is', null)
        .executeTakeFirst()
      return decided.numUpdatedRows === 1n
    },

    async poll(idHash, at, leastMs) {
      const polled = await kysely
        .updateTable('oauth_artifacts')
        .set({ polled_at: at })
        .where(rowOf('DeviceCode', idHash))
        .where((eb) => eb.or([eb('polled_at', 'is', null), eb('polled_at', '<=', at - leastMs)]))
        .executeTakeFirst()
      return polled.numUpdatedRows === 1n
    },

    revokeFamily: (id, at) => kysely.transaction().execute((trx) => endFamily(trx, id, at)),

    async countPendingDeviceCodes(at) {
      const { pending } = await kysely
        .selectFrom('oauth_artifacts')
        .select(({ fn }) => fn.countAll<number>().as('pending'))
        .where(sql<boolean>`kind = 'DeviceCode'`)
        .where('decided_at', 'is', null)
        .where('expires_at', '>', at)
        .executeTakeFirstOrThrow()
      return pending
    },

    // One transaction: codes that are marked are told of only when all of it is done.
    sweep: (at, deleteBefore, most) =>
      kysely.transaction().execute((trx) => sweepArtifacts(trx, at, deleteBefore, most)),
  }
}

type ArtifactExpression = ExpressionBuilder<Schema, 'oauth_artifacts'>

/** A token whose successor is used is there for recognising replays alone: not for the rest of its life. */
async function retire(trx: Transaction<Schema>, idHash: string, at: number): Promise<void> {
  await trx
    .updateTable('oauth_artifacts')
    .set({ expires_at: at + replayMemoryMs })
    .where('kind', '=', 'RefreshToken')
    .where('id_hash', '=', idHash)
    .where('expires_at', '>', at + replayMemoryMs)
    .execute()
}

function artifactOf({ ended, ...row }: Omit<Artifact, 'familyRevoked'> & { ended: number | null }): Artifact {
  return { ...row, familyRevoked: ended !== null }
}
