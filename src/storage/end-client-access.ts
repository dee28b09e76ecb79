import type { Transaction } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import type { RandomSource } from '../lib/random.ts'
import type { EndedAccess } from '../oauth/client-store.ts'
import { appendAudit } from './audit.ts'
import { hasTokens } from './consents.ts'
import type { Schema } from './schema.ts'

/** Ends a client's consents inside the transaction that ends the client: were it approved again, people would be asked again. */
export async function endClientAccess(
  trx: Transaction<Schema>,
  random: RandomSource,
  clientId: string,
  at: number,
  actor: Actor,
): Promise<EndedAccess> {
  const ended = await trx
    .updateTable('consents')
    .set({ revoked_at: at, revoked_by: actor.kind })
    .where('client_id', '=', clientId)
    .where('revoked_at', 'is', null)
    .returning(['id', 'workspace'])
    .execute()
  let withTokens = 0
  for (const { id: target, workspace } of ended) {
    await appendAudit(trx, random, { action: 'consent.revoked', target, workspace, time: at, actor })
    if (await hasTokens(trx, target, at)) withTokens += 1
  }
  return { consents: ended.length, withTokens }
}
