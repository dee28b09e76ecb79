import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openCalls } from './calls.ts'
import type { Calls } from './calls.ts'

const rounds = 50
let code: RecordingUpstream
let wiki: RecordingUpstream
let gateway: TestGateway
let calls: Calls

beforeEach(async () => {
  code = await startRecordingUpstream()
  wiki = await startRecordingUpstream()
  const upstreams = [
    { name: 'code', url: code.url, default: true },
    { name: 'wiki', url: wiki.url },
  ]
  gateway = await startGateway({ upstreams })
  for (const upstream of [code, wiki]) upstream.trust(gateway.url)
  calls = openCalls(gateway.port)
})
afterEach(async () => {
  calls.close()
  await gateway.close()
  await Promise.all([code.close(), wiki.close()])
})

it("T48: a narrow key's call never carries the assertion of the same user's broad key", async () => {
  const user = await gateway.addUser('alice@example.com', 'one')
  await gateway.addUser('alice@example.com', 'two')
  const make = async (workspace: string, scopes: string[], expiresInDays: number | null = null) => {
    const { key } = await gateway.createKey(user, { workspace, scopes, expiresInDays })
    return { key, workspace, scope: scopes.join(' ') }
  }
  const keys = [
    await make('one', ['code:admin', 'code:read']),
    await make('one', ['code:read']),
    await make('one', []),
    await make('two', ['code:admin', 'code:read']),
    // A single scope is none of its words, and the words of one are not those of another.
    await make('one', ['code:read', 'code:admin']),
  ]
  const wrong: unknown[] = []
  for (let round = 0; round < rounds; round += 1) {
    // The first round mints all of them at once; the later ones take them from the cache.
    const ordered = round % 2 === 0 ? keys : keys.toReversed()
    await Promise.all(
      ordered.flatMap(({ key, workspace, scope }) =>
        [code, wiki].map(async (upstream) => {
          const path = upstream === code ? '/mcp/code' : '/mcp/wiki'
          const { caller } = await calls.post(path, key)
          const own = { sub: user.id, workspace, scope, aud: upstream.url }
          const got = { ...caller, iat: 0, exp: 0, iss: gateway.url }
          const wanted = { ...own, iat: 0, exp: 0, iss: gateway.url }
          if (!sameMembers(got, wanted)) wrong.push({ got, wanted })
        }),
      ),
    )
  }
  expect(wrong.slice(0, 3)).toStrictEqual([])
  expect(code.calls.length + wiki.calls.length).toBe(rounds * keys.length * 2)
})

it('T41: a call derives no key and signs nothing anew', async () => {
  const { key } = await gateway.createKey(await gateway.addUser('alice@example.com'))
  await calls.post('/mcp', key)
  const used: string[] = []
  const restore = watchCrypto(used)
  try {
    for (let round = 0; round < rounds; round += 1) {
      expect((await calls.post('/mcp', key)).status).toBe(200)
      await calls.post('/mcp', `sp_${'0'.repeat(12)}_${'0'.repeat(49)}`)
    }
    expect(used).toStrictEqual([])
    crypto.scryptSync('seen', 'by the watch', 8)
    expect(used).toStrictEqual(['scryptSync'])
  } finally {
    restore()
  }
  const tokens = new Set(code.calls.map(({ headers }) => headers.authorization))
  expect(tokens.size).toBe(1)
})

it('T41: an upstream sees one request for each call and no session that the client did not open', async () => {
  const { key } = await gateway.createKey(await gateway.addUser('alice@example.com'))
  for (let round = 0; round < rounds; round += 1) await calls.post('/mcp', key)
  expect(code.calls).toHaveLength(rounds)
  const methods = code.calls.map(({ body }) => (JSON.parse(body) as { method: string }).method)
  expect(new Set(methods)).toStrictEqual(new Set(['tools/list']))
  expect(code.calls.some(({ headers }) => 'mcp-session-id' in headers)).toBe(false)
})

it('T2: an upstream that gives one caller the session of another does not get it through', async () => {
  const shared = await startRecordingUpstream({
    respond: (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': 'the-same-for-all' })
      response.end('{"jsonrpc":"2.0","id":1,"result":{}}')
    },
  })
  const other = await startGateway({ upstreams: [{ name: 'code', url: shared.url }] })
  const client = openCalls(other.port)
  try {
    shared.trust(other.url)
    const make = async (email: string) => (await other.createKey(await other.addUser(email))).key
    const [alice, bob] = [await make('alice@example.com'), await make('bob@example.com')]
    const session = 'the-same-for-all'
    expect((await client.post('/mcp', alice, { method: 'initialize' })).status).toBe(200)
    const second = await client.post('/mcp', bob, { method: 'initialize' })
    expect(second.status).toBe(502)
    expect(second.headers).not.toHaveProperty('mcp-session-id')
    expect(await client.post('/mcp', bob, { session })).toMatchObject({ status: 404 })
    expect(await client.post('/mcp', alice, { session })).toMatchObject({ status: 200 })
  } finally {
    client.close()
    await other.close()
    await shared.close()
  }
})

/** Notes each use of a key-derivation or signing function of Node's. */
function watchCrypto(used: string[]): () => void {
  const names = [
    'scrypt',
    'scryptSync',
    'pbkdf2',
    'pbkdf2Sync',
    'hkdf',
    'hkdfSync',
    'sign',
    'createSign',
  ] as const
  const originals = names.map((name) => [name, crypto[name]] as const)
  for (const [name, original] of originals) {
    const watched = (...args: unknown[]): unknown => {
      used.push(name)
      return Reflect.apply(original, crypto, args)
    }
    Object.assign(crypto, { [name]: watched })
  }
  syncBuiltinESMExports()
  return () => {
    for (const [name, original] of originals) Object.assign(crypto, { [name]: original })
    syncBuiltinESMExports()
  }
}

function sameMembers(a: object, b: object): boolean {
  const sorted = (value: object) => JSON.stringify(Object.entries(value).toSorted())
  return sorted(a) === sorted(b)
}
