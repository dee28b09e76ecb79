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
  })
}
