import { sha256Hex } from '../../src/lib/hash.ts'
import { east, externalKeys, west } from './world.ts'
import type { UpstreamName, World } from './world.ts'

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

/** Everybody there is, by what they come with. */
export const callers = {
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
  aliceByTerminal: { ...alice, workspace: east, owner: 'alice in east, by her terminal', may: everywhere },
  aliceInWestByClient: {
    ...alice,
    workspace: west,
    owner: 'alice in west, by her editor',
    may: { ...everywhere, vault: 'allowed' },
  },
  bobByClient: {
    sub: ({ people }: World) => people.bob.id,
    scope: 'code:read',
    workspace: east,
    owner: 'bob in east, by his editor',
    may: everywhere,
  },
  external: {
    // One name for a subject of an issuer, told as no subject of ours (T3).
    sub: ({ issuer }: World) => `ext_${sha256Hex(`${issuer}\nerin`).slice(0, 32)}`,
    scope: 'code:read',
    workspace: east,
    owner: 'erin of another issuer',
    may: everywhere,
  },
  robotInWest: {
    sub: () => 'svc_western',
    scope: 'code:read',
    workspace: west,
    owner: 'robot in west',
    may: { ...everywhere, vault: 'allowed' },
  },
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
