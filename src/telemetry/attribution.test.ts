import { createHmac, hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { anonymous } from '../principal/principal.ts'
import type { UserPrincipal } from '../principal/principal.ts'
import { attributionModes, createAttribution, createPseudonyms } from './attribution.ts'

const guide = readFileSync(new URL('../../docs/guides/pseudonyms.md', import.meta.url), 'utf8')
/** The published vector: its rows are `| name | `value` |`. */
const vector = new Map(
  Array.from(guide.matchAll(/^\| ([a-z_. ]+) \| `([^`]*)` \|$/gm), ([, name = '', value = '']) => [
    name,
    value,
  ]),
)
const given = (name: string) => vector.get(name) ?? expect.fail(`the guide has no ${name}`)

const key = { id: given('key id'), secret: given('key') }
const jane: UserPrincipal = {
  kind: 'user',
  issuer: given('issuer'),
  subject: given('subject'),
  workspace: given('workspace'),
  scopes: [],
  credentialId: given('credential id'),
  upstreams: [],
  attributionSalt: given('salt'),
}
const hashOf = (person: UserPrincipal, from = key) =>
  createAttribution('hash', from).forSpan(person)['user.hash']

/** The hash by the words of the guide alone. */
function byTheGuide(purpose: string, parts: readonly string[]): string {
  const label = 'sallyport attribution v1'
  const derived = Buffer.from(hkdfSync('sha256', key.secret, jane.workspace, label, 32))
  const hmac = createHmac('sha256', derived).update(`${label} ${purpose}\n`)
  for (const part of [jane.workspace, ...parts]) {
    const bytes = Buffer.from(part)
    hmac.update(Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255])).update(bytes)
  }
  return hmac.digest().subarray(0, 16).toString('hex')
}

describe('the published vector', () => {
  it('is what spans and events carry', () => {
    const attribution = createAttribution('hash', key)
    expect(attribution.forSpan(jane)).toEqual({
      'user.hash': given('principal_hash'),
      'sallyport.attribution.key_id': key.id,
    })
    expect(attribution.forSession(jane, given('session id'))).toEqual({
      'mcp.session.id': given('mcp.session.id'),
    })
    expect(attribution.forAnalytics(jane)).toEqual({
      principal_hash: given('principal_hash'),
      workspace_hash: given('workspace_hash'),
      credential_hash: given('credential_hash'),
      attribution_key_id: key.id,
    })
  })

  it('follows from the bytes the guide describes', () => {
    const { issuer, subject, attributionSalt: salt, credentialId } = jane
    expect(byTheGuide('principal', [issuer, subject, salt])).toBe(given('principal_hash'))
    expect(byTheGuide('workspace', [])).toBe(given('workspace_hash'))
    expect(byTheGuide('credential', [credentialId, salt])).toBe(given('credential_hash'))
    expect(byTheGuide('session', [given('session id')])).toBe(given('mcp.session.id'))
  })
})

describe('a pseudonym', () => {
  it.each([
    ['workspace', { workspace: 'other' }],
    ['issuer', { issuer: 'https://other.example' }],
    ['subject', { subject: 'usr_other' }],
    ['salt', { attributionSalt: 'other' }],
  ])('is another with another %s', (_, change) => {
    expect(hashOf({ ...jane, ...change })).not.toBe(hashOf(jane))
  })

  it('is another in another epoch, and the same whatever the epoch is called', () => {
    expect(hashOf(jane, { ...key, secret: `${key.secret}!` })).not.toBe(hashOf(jane))
    expect(hashOf(jane, { ...key, id: 'k2' })).toBe(hashOf(jane))
  })

  it('does not tell parts apart by anything that could stand in them', () => {
    const one = { workspace: 'w', issuer: 'ab', subject: 'c', salt: '' }
    const { principal } = createPseudonyms(key)
    expect(principal({ ...one, issuer: 'a', subject: 'bc' })).not.toBe(principal(one))
    expect(principal({ ...one, subject: '', salt: 'c' })).not.toBe(principal(one))
  })

  it('of one thing is none of another, even of the same words', () => {
    const { principal, workspace, credential, session } = createPseudonyms(key)
    const same = { workspace: 'w', issuer: 'a', subject: '', salt: '' }
    const hashes = [principal(same), workspace('w'), credential(same, 'a'), session('w', 'a')]
    expect(new Set(hashes).size).toBe(4)
  })
})

describe.each(attributionModes)('T12: in mode %s', (mode) => {
  it('nobody unknown is attributed, with a key or without', () => {
    for (const attribution of [createAttribution(mode, key), createAttribution(mode, null)]) {
      expect(attribution.forSpan(anonymous)).toEqual({})
      expect(attribution.forSession(anonymous, 's')).toEqual({})
      expect(attribution.forAnalytics(anonymous)).toBeNull()
    }
  })

  it('a span has the id in mode id alone, and an event never', () => {
    const attribution = createAttribution(mode, key)
    expect(attribution.forSpan(jane)['user.id']).toBe(mode === 'id' ? jane.subject : undefined)
    expect(JSON.stringify(attribution.forAnalytics(jane))).not.toContain(jane.subject)
    expect(attribution.forAnalytics(jane) === null).toBe(mode === 'off')
    expect(createAttribution(mode, null).forAnalytics(jane)).toBeNull()
  })

  it('a session is a hash, its key named once on the span, and nothing without a key', () => {
    const attribution = createAttribution(mode, key)
    const record = attribution.forSession(jane, given('session id'))
    const hash = { 'mcp.session.id': given('mcp.session.id') }
    const named = { ...hash, 'sallyport.attribution.key_id': key.id }
    expect(record).toEqual({ off: {}, hash, id: named }[mode])
    expect(createAttribution(mode, null).forSession(jane, 's')).toEqual({})
  })

  it('each session of a caller has a hash of its own, the same whenever it goes on', () => {
    const attribution = createAttribution(mode, key)
    const hashes = ['a', 'b', 'a', 'a'].map((id) => attribution.forSession(jane, id)['mcp.session.id'])
    expect(hashes[2]).toBe(hashes[0])
    expect(hashes[3]).toBe(hashes[0])
    expect(hashes[1] === hashes[0]).toBe(mode === 'off')
    const elsewhere = attribution.forSession({ ...jane, workspace: 'other' }, 'a')['mcp.session.id']
    expect(elsewhere === hashes[0]).toBe(mode === 'off')
  })
})
