import { randomUUID } from 'node:crypto'
import type { User } from '../../src/identity/user.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { operator } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { issueTokensFor } from '../support/issued-tokens.ts'
import type { JwksIssuer } from '../support/jwks-issuer.ts'
import { personAt } from '../support/person.ts'

type Bearers = Readonly<Record<'alice' | 'bob' | 'eve' | 'mallory', User>>

/** Access tokens for `code`, of people, clients and workspaces: good ones, and each kind of those that are none. */
export async function makeTokens(
  gateway: TestGateway,
  { alice, bob, eve, mallory }: Bearers,
  theirs: JwksIssuer,
  [east, west]: readonly [string, string],
) {
  const issuer = await issueTokensFor(gateway)
  const { store } = gateway
  const resource = '/mcp/code'
  const own = { workspace: east, scopes: ['code:read'], resource, clientId: 'robot' }
  const common = { ...own, user: alice, clientId: 'editor' }
  const issue = async (more: object = {}) => (await issuer.issue({ ...common, ...more })).token
  const revoked = await issuer.issue(common)
  await store.accessTokens.revoke(revoked.id, 1)
  const forgotten = await issuer.issue({ ...common, clientId: 'forgotten' })
  await store.consents.revoke(forgotten.consentId ?? '', 1, operator)
  await issuer.addClient('pending', 'pending')
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: 'erin', iat: now, exp: now + 600, jti: randomUUID(), scope: 'code:read' }
  const mine = { ...claims, iss: gateway.url, aud: `${gateway.url}${resource}`, client_id: 'editor' }
  const external = { ...claims, iss: theirs.issuer, aud: 'mcp' }
  const tokens = {
    alice: await issue(),
    refreshed: await issue(),
    byTerminal: await issue({ clientId: 'terminal' }),
    inWest: await issue({ workspace: west }),
    bob: await issue({ user: bob }),
    narrow: await issue({ scopes: ['notes:read'] }),
    wiki: await issue({ resource: '/mcp/wiki' }),
    robot: (await issuer.issue(own)).token,
    robotInWest: (await issuer.issue({ ...own, clientId: 'western', workspace: west })).token,
    expired: await issue({ lifetime: -60 }),
    early: await issue({ claims: { nbf: now + 3600 } }),
    revoked: revoked.token,
    consentRevoked: forgotten.token,
    disabled: await issue({ user: eve }),
    removed: await issue({ user: mallory }),
    pendingClient: await issue({ clientId: 'pending' }),
    endedClient: await issue({ clientId: 'ended' }),
    removedClient: await issue({ clientId: 'gone' }),
    unwritten: await issuer.sign({ ...mine, workspace: east, grant_id: 'con_any' }),
    identity: await issue({ header: { typ: 'JWT' } }),
    forged: `${(await issue()).slice(0, -8)}AAAAAAAA`,
    external: await theirs.sign(external),
    externalForOthers: await theirs.sign({ ...external, aud: 'elsewhere' }),
    nobodys: await theirs.sign({ ...external, iss: 'https://nobody.example' }),
  }
  const { kysely, close } = openDatabase(gateway.location)
  await kysely.updateTable('clients').set({ status: 'inactive' }).where('id', '=', 'ended').execute()
  await kysely.deleteFrom('clients').where('id', '=', 'gone').execute()
  await close()
  return tokens
}

/** Signs somebody in; answers the cookie of their login session, as a browser sends it. */
export async function signInAt(gateway: TestGateway, user: User): Promise<string> {
  await gateway.givePassword(user)
  const person = personAt(gateway.url, user.email)
  await person.signIn()
  const pairs = person.browser.jar.header('/').split('; ')
  return pairs.find((pair) => pair.startsWith('sallyport=')) ?? ''
}
