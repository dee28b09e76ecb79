import { mintApiKey } from '../../src/identity/api-key.ts'
import type { User } from '../../src/identity/user.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openDatabase } from '../../src/storage/database.ts'
import type { TestGateway, TestKey } from '../support/gateway.ts'

/** Makes many keys of one user, in the workspace `default`, in one statement: a thousand commits take their time. */
export async function makeManyKeys(gateway: TestGateway, user: User, count: number): Promise<TestKey[]> {
  const minted = Array.from({ length: count }, () => mintApiKey(systemRandom))
  const row = { user_id: user.id, workspace: 'default', name: 'many', scopes: '[]', upstreams: '[]' }
  const database = openDatabase(gateway.location)
  await database.kysely
    .insertInto('api_keys')
    .values(minted.map(({ id, secretHash }) => ({ ...row, id, secret_hash: secretHash, created_at: 1 })))
    .execute()
  await database.close()
  return minted
}
