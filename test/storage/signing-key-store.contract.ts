import { describe, expect, it } from 'vitest'
import type { TestDatabases } from './databases.ts'

function signingKey(id: string) {
  return {
    id,
    use: 'assertion',
    publicJwk: '{"kty":"EC"}',
    sealedPrivateJwk: 'sealed',
    createdAt: 5,
  } as const
}

/** What every signing key store does. */
export function signingKeyStoreContract(databases: TestDatabases): void {
  describe('the signing key store', () => {
    it('keeps the first key of a use and answers it to later comers', async () => {
      const store = await databases.newStore()
      expect(await store.signingKeys.list('assertion')).toStrictEqual([])
      expect(await store.signingKeys.addFirst(signingKey('one'))).toStrictEqual([signingKey('one')])
      expect(await store.signingKeys.addFirst(signingKey('two'))).toStrictEqual([signingKey('one')])
      expect(await store.signingKeys.list('assertion')).toStrictEqual([signingKey('one')])
    })

    it('makes replicas that start at once agree on one key', async () => {
      const location = await databases.newLocation()
      const replicas = [databases.open(location), databases.open(location), databases.open(location)]
      await replicas[0]?.migrate()
      // With their connections made, the replicas really meet.
      const eachTwice = [...replicas, ...replicas]
      await Promise.all(eachTwice.map((replica) => replica.signingKeys.list('assertion')))
      const answers = await Promise.all(
        eachTwice.map((replica, index) => replica.signingKeys.addFirst(signingKey(`key-${index}`))),
      )
      expect(new Set(answers.flat().map(({ id }) => id)).size).toBe(1)
    })

    it('puts one key after the newest, whichever replica comes first, and writes that down', async () => {
      const location = await databases.newLocation()
      const replicas = [databases.open(location), databases.open(location)] as const
      await replicas[0].migrate()
      await replicas[0].signingKeys.addFirst(signingKey('one'))
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          replicas[index % 2 === 0 ? 0 : 1].signingKeys.addAfter('one', {
            ...signingKey(`next-${index}`),
            createdAt: 9,
          }),
        ),
      )
      const kept = await replicas[1].signingKeys.list('assertion')
      expect(kept).toHaveLength(2)
      for (const answer of answers) expect(answer).toStrictEqual(kept)
      expect(kept[1]?.id).toBe('one')
      const rows = await replicas[0].audit.list({ action: 'signing_key.rotated', limit: 9 })
      expect(rows).toHaveLength(1)
    })

    it('forgets keys', async () => {
      const store = await databases.newStore()
      await store.signingKeys.addFirst(signingKey('one'))
      await store.signingKeys.addAfter('one', { ...signingKey('two'), createdAt: 9 })
      await store.signingKeys.remove([])
      await store.signingKeys.remove(['one', 'none'])
      expect((await store.signingKeys.list('assertion')).map(({ id }) => id)).toStrictEqual(['two'])
    })

    it('keeps the keys of each use apart', async () => {
      const store = await databases.newStore()
      await store.signingKeys.addFirst(signingKey('one'))
      await store.signingKeys.addFirst({ ...signingKey('two'), use: 'access_token' })
      expect((await store.signingKeys.list('access_token')).map(({ id }) => id)).toStrictEqual(['two'])
      expect((await store.signingKeys.list('assertion')).map(({ id }) => id)).toStrictEqual(['one'])
    })
  })
}
