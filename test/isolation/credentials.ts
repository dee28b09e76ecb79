import { crc32 } from 'node:zlib'
import { uint32ToBase62 } from '../../src/lib/base62.ts'
import { adminToken, east, externalKeys, west } from './world.ts'
import type { KeyName, UpstreamName, World } from './world.ts'

type Verdict = 'allowed' | 'upstream_not_allowed' | 'insufficient_scope'

/** Somebody the gateway knows, and what they may do. */
export interface Caller {
  /** The subject asserted to an upstream; absent when nothing is asserted of them. */
  readonly sub?: (world: World) => string
  /** The credential an upstream gets as it is; only for keys of its own. */
  readonly forwards?: string
  readonly workspace?: string
  readonly scope?: string
  /** Whose sessions are theirs: user and workspace together. */
  readonly owner: string
  readonly may: Readonly<Record<UpstreamName, Verdict>>
}

const everywhere = {
  code: 'allowed',
  wiki: 'allowed',
  vault: 'upstream_not_allowed',
  open: 'allowed',
  // Refused before access is asked about.
  keys: 'upstream_not_allowed',
} as const
const alice = { sub: ({ people }: World) => people.alice.id, scope: 'code:read', owner: 'alice in east' }

const callers = {
  alice: { ...alice, workspace: east, may: everywhere },
  bob: {
    sub: ({ people }: World) => people.bob.id,
    scope: 'code:read',
    owner: 'bob in east',
    workspace: east,
    may: everywhere,
  },
  aliceInWest: {
    ...alice,
    workspace: west,
    owner: 'alice in west',
    may: { ...everywhere, vault: 'allowed' },
  },
  dora: {
    sub: ({ people }: World) => people.dora.id,
    scope: 'code:read',
    owner: 'dora in west',
    workspace: west,
    may: { ...everywhere, vault: 'allowed' },
  },
  limited: {
    ...alice,
    workspace: east,
    may: { ...everywhere, code: 'upstream_not_allowed', open: 'upstream_not_allowed' },
  },
  narrow: {
    ...alice,
    workspace: east,
    scope: 'notes:read',
    may: { ...everywhere, code: 'insufficient_scope' },
  },
  nobody: { owner: 'nobody', may: everywhere },
  firstExternal: {
    owner: 'first external key',
    forwards: externalKeys[0],
    may: { ...everywhere, keys: 'allowed' },
  },
  secondExternal: {
    owner: 'second external key',
    forwards: externalKeys[1],
    may: { ...everywhere, keys: 'allowed' },
  },
  // Another owner than with a key: MCP sessions belong to the client too.
  aliceByClient: { ...alice, workspace: east, owner: 'alice in east, by her editor', may: everywhere },
  narrowByClient: {
    ...alice,
    workspace: east,
    scope: 'notes:read',
    owner: 'alice in east, by her editor',
    may: { ...everywhere, code: 'insufficient_scope' },
  },
  robot: {
    sub: () => 'svc_robot',
    scope: 'code:read',
    workspace: east,
    owner: 'robot in east',
    may: everywhere,
  },
  admin: { sub: () => 'svc_admin', scope: '*', owner: 'admin', may: everywhere },
} as const satisfies Record<string, Caller>

export type Field = readonly [string, string]

/** One way of presenting, or not presenting, a credential, and what the specification says comes of it. */
export interface CredentialRule {
  readonly fields?: (world: World) => readonly Field[]
  readonly query?: (world: World) => string
  /** Refused on every path, before anything is looked at. */
  readonly anywhere?: string
  /** Refused where a credential is asked for. */
  readonly refused?: string
  /** False when there is no token in it that could be judged. */
  readonly readable?: false
  readonly caller?: Caller
  /** Where it is something else than it is in general. */
  readonly callerAt?: Partial<Record<UpstreamName, Caller>>
}

const authorization =
  (value: string | ((world: World) => string)) =>
  (world: World): readonly Field[] => [['Authorization', typeof value === 'string' ? value : value(world)]]

const token = (name: keyof World['tokens']) => authorization(({ tokens }) => `Bearer ${tokens[name]}`)
const key = (name: KeyName) => authorization(({ keys }) => `Bearer ${keys[name].key}`)

/** A well-formed key with a valid checksum: this id, a secret that was never made. */
function forged(id: string): string {
  const body = `sp_${id}_${'A'.repeat(43)}`
  return `Bearer ${body}${uint32ToBase62(crc32(body))}`
}

/** The table of credentials. `adminOnMcp` is what the operator has set. */
export function credentialRules(adminOnMcp: boolean): Readonly<Record<string, CredentialRule>> {
  const shape = (refused: string, value: string): CredentialRule => ({
    refused,
    readable: false,
    fields: authorization(value),
  })
  return {
    'no credential': {
      refused: 'missing_credential',
      readable: false,
      callerAt: { open: callers.nobody },
    },
    'a malformed header': shape('malformed_header', '{"token":1}'),
    'an empty header': shape('malformed_header', ''),
    'another scheme': shape('not_bearer', 'Basic YWRtaW46YWRtaW4='),
    'Bearer and no token': shape('empty_token', 'Bearer '),
    'a token with letters no token has': shape('malformed_token', 'Bearer sp_a,b'),
    'two Authorization headers': {
      fields: (world) => [...key('alice')(world), ...key('bob')(world)],
      anywhere: 'two_credentials',
    },
    'the same Authorization header twice': {
      fields: (world) => [...key('alice')(world), ...key('alice')(world)],
      anywhere: 'two_credentials',
    },
    'a token in the query': {
      query: ({ keys }) => `access_token=${keys.alice.key}`,
      anywhere: 'credential_in_query',
    },
    'a token under another name in the query, beside a good header': {
      fields: key('alice'),
      query: ({ keys }) => `x=${keys.bob.key}`,
      anywhere: 'credential_in_query',
    },
    'a token of somebody else': {
      fields: authorization('Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'),
      refused: 'malformed_token',
    },
    'a key whose authority is an upstream': {
      fields: authorization(`Bearer ${externalKeys[0]}`),
      refused: 'malformed_token',
      callerAt: { keys: callers.firstExternal },
    },
    'another key whose authority is an upstream': {
      fields: authorization(`Bearer ${externalKeys[1]}`),
      refused: 'malformed_token',
      callerAt: { keys: callers.secondExternal },
    },
    'a key nobody made': { fields: authorization(forged('000000000000')), refused: 'unknown_key' },
    'the id of a key with a wrong secret': {
      fields: authorization(({ keys }) => forged(keys.alice.id)),
      refused: 'unknown_key',
    },
    'the id of a revoked key with a wrong secret': {
      fields: authorization(({ keys }) => forged(keys.revoked.id)),
      refused: 'unknown_key',
    },
    'a key with a bad checksum': {
      fields: authorization(({ keys }) => `Bearer ${keys.alice.key.slice(0, -6)}000000`),
      refused: 'unknown_key',
    },
    'the prefix and anything': { fields: authorization('Bearer sp_anything'), refused: 'unknown_key' },
    'an expired key': { fields: key('expired'), refused: 'expired_key' },
    'a revoked key': { fields: key('revoked'), refused: 'revoked_key' },
    'a key of a disabled user': { fields: key('disabled'), refused: 'account_inactive' },
    'a key of somebody who left the workspace': { fields: key('removed'), refused: 'account_inactive' },
    'a good key': { fields: key('alice'), caller: callers.alice },
    'a good key after a lower-case scheme': {
      fields: authorization(({ keys }) => `bearer ${keys.alice.key}`),
      caller: callers.alice,
    },
    'a key of another user': { fields: key('bob'), caller: callers.bob },
    'a key of the same user in another workspace': {
      fields: key('aliceInWest'),
      caller: callers.aliceInWest,
    },
    'a key of another user in another workspace': { fields: key('dora'), caller: callers.dora },
    'a key limited to one upstream': { fields: key('limited'), caller: callers.limited },
    'a key without the scope': { fields: key('narrow'), caller: callers.narrow },
    'an access token for one resource': {
      fields: token('alice'),
      refused: 'wrong_audience',
      callerAt: { code: callers.aliceByClient },
    },
    'an access token without the scope': {
      fields: token('narrow'),
      refused: 'wrong_audience',
      callerAt: { code: callers.narrowByClient },
    },
    'an access token of a client that acts for itself': {
      fields: token('robot'),
      refused: 'wrong_audience',
      callerAt: { code: callers.robot },
    },
    'an expired access token': { fields: token('expired'), refused: 'expired' },
    'the admin token': {
      fields: authorization(`Bearer ${adminToken}`),
      ...(adminOnMcp ? { caller: callers.admin } : { refused: 'malformed_token' }),
    },
  }
}
