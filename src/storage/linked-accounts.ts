import type { Kysely, Transaction } from 'kysely'
import type {
  LinkedAccountStore,
  LinkOutcome,
  LinkRules,
  RemoteAccount,
} from '../identity/linked-account-store.ts'
import type { RandomSource } from '../lib/random.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'
import { newSalt } from './users.ts'

type SignUp = NonNullable<LinkRules['signUp']>

/** Accounts at providers, in a database. */
export function linkedAccountStore(database: Database, random: RandomSource): LinkedAccountStore {
  const { kysely } = database
  return {
    async resolve(account, { linkTo, signUp }, at) {
      const known = await findLinked(kysely, account)
      if (known !== null || (linkTo === null && signUp === null)) return known ?? { outcome: 'unknown' }
      return kysely.transaction().execute(async (trx) => {
        // First sign-ins take turns, so that two of one person end with one account.
        await database.lock(trx, 'linked_accounts')
        const rival = await findLinked(trx, account)
        if (rival !== null) return rival
        const linked = linkTo === null ? null : await linkByEmail(trx, random, account, linkTo, at)
        if (linked !== null) return linked
        return signUp === null ? { outcome: 'unknown' } : await makeUser(trx, random, account, signUp, at)
      })
    },

    list: (userId) =>
      kysely
        .selectFrom('linked_accounts')
        .select(['provider', 'issuer', 'linked_at as linkedAt'])
        .where('user_id', '=', userId)
        .orderBy('linked_at')
        .orderBy('issuer')
        .execute(),
  }
}

async function findLinked(
  kysely: Kysely<Schema>,
  { issuer, subject }: RemoteAccount,
): Promise<LinkOutcome | null> {
  const user = await kysely
    .selectFrom('linked_accounts')
    .innerJoin('users', 'users.id', 'linked_accounts.user_id')
    .select(['users.id', 'users.disabled_at'])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (user === undefined) return null
  return user.disabled_at === null ? { outcome: 'known', userId: user.id } : { outcome: 'inactive' }
}

async function linkByEmail(
  trx: Transaction<Schema>,
  random: RandomSource,
  account: RemoteAccount,
  email: string,
  at: number,
): Promise<LinkOutcome | null> {
  const user = await trx
    .selectFrom('users')
    .select(['id', 'disabled_at', 'email_verified'])
    .where('email', '=', email)
    .executeTakeFirst()
  if (user === undefined) return null
  // Whoever signed up with an address that is not theirs must not get its owner's sign-ins.
  if (user.email_verified === 0) return { outcome: 'email_taken' }
  if (user.disabled_at !== null) return { outcome: 'inactive' }
  const other = await trx
    .selectFrom('linked_accounts')
    .select('subject')
    .where('user_id', '=', user.id)
    .where('issuer', '=', account.issuer)
    .executeTakeFirst()
  // The provider knows that person as somebody else: the address has gone to another.
  if (other !== undefined) return { outcome: 'email_taken' }
  await insertLink(trx, random, account, user.id, at)
  return { outcome: 'linked', userId: user.id }
}

async function makeUser(
  trx: Transaction<Schema>,
  random: RandomSource,
  account: RemoteAccount,
  { userId, email, emailVerified, workspace }: SignUp,
  at: number,
): Promise<LinkOutcome> {
  const inserted = await trx
    .insertInto('users')
    .values({
      id: userId,
      email,
      created_at: at,
      auth_source: account.provider,
      email_verified: emailVerified ? 1 : 0,
      attribution_salt: newSalt(random),
    })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 0n) return { outcome: 'email_taken' }
  await trx
    .insertInto('workspaces')
    .values({ name: workspace, created_at: at })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  await trx
    .insertInto('memberships')
    .values({ user_id: userId, workspace, role: 'user', created_at: at })
    .execute()
  const actor = { kind: 'user', id: userId } as const
  await appendAudit(trx, random, { action: 'user.added', target: userId, workspace, time: at, actor })
  await insertLink(trx, random, account, userId, at)
  return { outcome: 'signed_up', userId }
}

async function insertLink(
  trx: Transaction<Schema>,
  random: RandomSource,
  { issuer, subject, provider }: RemoteAccount,
  userId: string,
  at: number,
): Promise<void> {
  await trx
    .insertInto('linked_accounts')
    .values({ issuer, subject, provider, user_id: userId, linked_at: at })
    .execute()
  const actor = { kind: 'user', id: userId } as const
  await appendAudit(trx, random, {
    action: 'user.linked',
    target: userId,
    workspace: null,
    time: at,
    actor,
    reason: provider,
  })
}
