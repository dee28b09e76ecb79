import { crc32 } from 'node:zlib'
import { uint32ToBase62 } from '../../src/lib/base62.ts'
import { callers } from './callers.ts'
import type { Caller } from './callers.ts'
import { adminToken, externalKeys } from './world.ts'
import type { KeyName, UpstreamName, World } from './world.ts'

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
  /** Whether a browser with it is signed in, on pages and nowhere else. */
  readonly signedIn?: true
  /** An access token that is good, and not for `openid`. */
  readonly live?: true
  /** Where it is something else than it is in general. */
  readonly refusedAt?: Partial<Record<UpstreamName, string>>
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

/** That the session was begun with: another one would end it. */
const browser: Field = ['User-Agent', 'Mozilla/5.0 (X11; Linux) Firefox/140.0']

/** A token for `code`: good there, and another server's elsewhere. */
const atCode = (name: keyof World['tokens'], caller: Caller): CredentialRule => ({
  fields: token(name),
  refused: 'wrong_audience',
  live: true,
  callerAt: { code: caller },
})
/** One that is no more, which is only looked up where it is for. */
const ended = (name: keyof World['tokens'], reason: string): CredentialRule => ({
  fields: token(name),
  refused: 'wrong_audience',
  refusedAt: { code: reason },
})
const bad = (name: keyof World['tokens'], refused: string): CredentialRule => ({
  fields: token(name),
  refused,
})

const tokenRules: Readonly<Record<string, CredentialRule>> = {
  'an access token for one resource': atCode('alice', callers.aliceByClient),
  'T3: an access token after a refresh': atCode('refreshed', callers.aliceByClient),
  'an access token of the same user by another client': atCode('byTerminal', callers.aliceByTerminal),
  'an access token of the same user in another workspace': atCode('inWest', callers.aliceInWestByClient),
  'an access token of another user': atCode('bob', callers.bobByClient),
  'an access token without the scope': atCode('narrow', callers.narrowByClient),
  'an access token for another resource': {
    fields: token('wiki'),
    refused: 'wrong_audience',
    live: true,
    callerAt: { wiki: callers.aliceByClient },
  },
  'an access token of a client that acts for itself': atCode('robot', callers.robot),
  'an access token of a client that acts for itself in another workspace': atCode(
    'robotInWest',
    callers.robotInWest,
  ),
  'an expired access token': bad('expired', 'expired'),
  'an access token of tomorrow': bad('early', 'not_yet_valid'),
  'an access token with a wrong signature': bad('forged', 'bad_signature'),
  'an ID token': bad('identity', 'malformed_token'),
  'a revoked access token': ended('revoked', 'revoked_token'),
  'an access token whose consent is revoked': ended('consentRevoked', 'revoked_token'),
  'an access token that was never issued': ended('unwritten', 'revoked_token'),
  'an access token of a disabled user': ended('disabled', 'account_inactive'),
  'an access token of somebody who left the workspace': ended('removed', 'account_inactive'),
  'an access token of a pending client': ended('pendingClient', 'client_pending'),
  'an access token of a client that is switched off': ended('endedClient', 'client_inactive'),
  'an access token of a client that is gone': ended('removedClient', 'unknown_client'),
  'a token of a trusted issuer': { fields: token('external'), caller: callers.external },
  'a token of a trusted issuer for somebody else': bad('externalForOthers', 'wrong_audience'),
  'a token of an unknown issuer': bad('nobodys', 'unknown_issuer'),
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
    ...tokenRules,
    'a session cookie': {
      fields: ({ cookie }) => [['Cookie', cookie], browser],
      refused: 'missing_credential',
      readable: false,
      signedIn: true,
      callerAt: { open: callers.nobody },
    },
    'a session cookie beside a key of another user': {
      fields: (world) => [...key('bob')(world), ['Cookie', world.cookie], browser],
      signedIn: true,
      caller: callers.bob,
    },
    'a session cookie as a token': {
      fields: authorization(({ cookie }) => `Bearer ${cookie.slice('sallyport='.length)}`),
      refused: 'malformed_token',
    },
    'an access token and a key as cookies': {
      fields: ({ tokens, keys }) => [
        ['Cookie', `sallyport=${tokens.alice}; sallyport_session=${keys.alice.key}`],
      ],
      refused: 'missing_credential',
      readable: false,
      callerAt: { open: callers.nobody },
    },
    'the admin token': {
      fields: authorization(`Bearer ${adminToken}`),
      ...(adminOnMcp ? { caller: callers.admin } : { refused: 'malformed_token' }),
    },
  }
}
