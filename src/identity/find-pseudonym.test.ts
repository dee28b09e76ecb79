import { expect, it } from 'vitest'
import { createPseudonyms } from '../telemetry/attribution.ts'
import { findPseudonym } from './find-pseudonym.ts'

const issuer = 'https://gateway.example'
const now = { id: 'k2', secret: 'the-key-of-this-epoch-0123456789abcdef' }
const before = { id: 'k1', secret: 'the-key-of-the-last-epoch-0123456789abc' }
const jane = {
  userId: 'usr_jane',
  email: 'jane@example.com',
  workspace: 'red',
  salt: 'a',
  keyIds: ['key1', 'key2'],
}
const john = { userId: 'usr_john', email: 'john@example.com', workspace: 'blue', salt: 'b', keyIds: [] }
const people = [john, jane, { ...jane, workspace: 'blue' }]
const find = (hash: string, keys = [now, before], among = people) => findPseudonym(hash, keys, issuer, among)

const inRed = { workspace: 'red', issuer, subject: jane.userId, salt: jane.salt }
const hash = createPseudonyms(now).principal(inRed)

it('finds a person in the workspace and the epoch that the hash is of', () => {
  const who = { kind: 'principal', workspace: 'red', userId: jane.userId, email: jane.email }
  expect(find(hash)).toEqual({ ...who, keyId: 'k2' })
  expect(find(createPseudonyms(before).principal(inRed))).toEqual({ ...who, keyId: 'k1' })
  const inBlue = createPseudonyms(now).principal({ ...inRed, workspace: 'blue' })
  expect(find(inBlue)).toEqual({ ...who, workspace: 'blue', keyId: 'k2' })
})

it('finds a credential with its owner, and a workspace', () => {
  const { credential, workspace } = createPseudonyms(now)
  expect(find(credential(inRed, 'key2'))).toEqual({
    kind: 'credential',
    keyId: 'k2',
    workspace: 'red',
    userId: jane.userId,
    email: jane.email,
    credentialId: 'key2',
  })
  expect(find(workspace('blue'))).toEqual({ kind: 'workspace', keyId: 'k2', workspace: 'blue' })
})

it('finds nobody who was erased, of a deleted epoch, or of another issuer', () => {
  expect(find(hash, [now], [john])).toBeNull()
  expect(find(hash, [now], [{ ...jane, salt: 'a new one' }])).toBeNull()
  expect(find(hash, [before])).toBeNull()
  expect(findPseudonym(hash, [now], 'https://other.example', people)).toBeNull()
  expect(find('0'.repeat(32))).toBeNull()
})
