import { issueKey } from '../identity/key-lifecycle.ts'
import type { Actor, ApiKeyStore } from '../identity/api-key-store.ts'
import type { PasswordStore } from '../identity/password-store.ts'
import type { UserStore } from '../identity/user-store.ts'
import { randomBase62 } from '../lib/base62.ts'
import { Failure } from '../lib/error.ts'
import { newId } from '../lib/id.ts'
import { Secret } from '../lib/secret.ts'
import type { Surroundings } from '../server/surroundings.ts'
import { storePassword } from './passwords.ts'

/** A user of the demo as `--json` prints it. */
export interface DemoUser {
  readonly id: string
  readonly email: string
  /** Signs in at `/account`; new with each start. */
  readonly password: string
  readonly workspace: string
  readonly apiKey: string
}

const people = [
  { email: 'ada@example.com', workspace: 'analytical' },
  { email: 'grace@example.com', workspace: 'compilers' },
] as const

const keyName = 'demo'
const keyDays = 7
const actor: Actor = { kind: 'system', id: null }

/**
 * Two users in two workspaces, each with a new key and password. The keys of earlier runs in this store are revoked;
 * whatever else was done to the store since then stays.
 */
export async function prepareDemoUsers(
  { users, apiKeys, passwords }: { users: UserStore; apiKeys: ApiKeyStore; passwords: PasswordStore },
  surroundings: Surroundings,
): Promise<readonly [DemoUser, DemoUser]> {
  const { clock, random } = surroundings
  const prepare = async ({ email, workspace }: (typeof people)[number]): Promise<DemoUser> => {
    const at = clock.now()
    const { user } = await users.add({ id: newId('usr', random), email, workspace, role: 'user', at }, actor)
    const { id } = user
    if (user.disabledAt !== null) await users.setDisabled(id, null, at, actor)
    for (const key of await apiKeys.list({ userId: id })) {
      if (key.name === keyName && key.revokedAt === null)
        await apiKeys.revoke(key.id, at, { userId: id }, actor)
    }
    const request = {
      userId: id,
      workspace,
      name: keyName,
      scopes: [],
      upstreams: [],
      expiresInDays: keyDays,
    }
    // The one key that is ours to give does not depend on how many the user has made since.
    const unlimited = { ...request, maxPerUser: Number.MAX_SAFE_INTEGER }
    const issued = await issueKey(unlimited, actor, { apiKeys, clock, random })
    if (issued.outcome !== 'created') throw noKey(email, issued.outcome)
    const password = randomBase62(16, random)
    await storePassword({ surroundings }, { passwords }, user, new Secret(password), { oneTime: false })
    return { id, email, password, workspace, apiKey: issued.key }
  }
  return [await prepare(people[0]), await prepare(people[1])]
}

function noKey(email: string, outcome: string): Failure {
  const message = `the demo cannot make a key for ${email} (${outcome})`
  return new Failure({ code: 'demo_key', status: 500, message, fix: 'delete the folder .sallyport-demo' })
}
