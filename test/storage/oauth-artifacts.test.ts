import { describe, expect, it } from 'vitest'
import type { ArtifactStore } from '../../src/oauth/artifact-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { onEachDatabase } from './databases.ts'
import type { TestDatabases } from './databases.ts'
import { actions } from './records.ts'

const family = { consentId: 'con_1', clientId: 'cli_1' }

const code = (artifacts: ArtifactStore, idHash: string, expiresAt = 1000) =>
  artifacts.save({ kind: 'AuthorizationCode', idHash, payload: `sealed ${idHash}`, expiresAt })
const device = (artifacts: ArtifactStore, idHash: string, expiresAt = 1000) =>
  artifacts.save({ kind: 'DeviceCode', idHash, payload: 'sealed', expiresAt, userCodeHash: `user ${idHash}` })

/** A family with its first refresh token `r1`. */
async function familyOf(store: Store, id = 'code'): Promise<void> {
  await code(store.artifacts, id)
  await store.artifacts.redeem('AuthorizationCode', id, family, 1)
  await token(store, 'r1', null, id)
}

const token = (store: Store, idHash: string, predecessorHash: string | null, familyId = 'code') =>
  store.artifacts.saveRefreshToken({
    idHash,
    payload: 'sealed',
    expiresAt: 90_000,
    familyId,
    predecessorHash,
  })

const accessToken = (store: Store, id: string, refreshTokenHash: string | null, familyId: string) =>
  store.accessTokens.record({
    id,
    consentId: 'con_1',
    userId: 'usr_a',
    familyId,
    clientId: 'cli_1',
    workspace: 'default',
    refreshTokenHash,
    issuedAt: 1,
    expiresAt: 600_000,
  })

onEachDatabase((databases: TestDatabases) => {
  describe('the store of what the library keeps', () => {
    it('keeps one of a kind and an id, and writes it anew', async () => {
      const { artifacts } = await databases.newStore()
      expect(await artifacts.find('Interaction', 'i')).toBeUndefined()
      await artifacts.save({ kind: 'Interaction', idHash: 'i', payload: 'one', expiresAt: 5 })
      await artifacts.save({ kind: 'Interaction', idHash: 'i', payload: 'two', expiresAt: 6 })
      expect(await artifacts.find('Interaction', 'i')).toStrictEqual({
        idHash: 'i',
        payload: 'two',
        familyId: null,
        familyRevoked: false,
        expiresAt: 6,
        decidedAt: null,
        consumedAt: null,
      })
      expect(await artifacts.find('DeviceCode', 'i')).toBeUndefined()
      await artifacts.destroy('DeviceCode', 'i')
      expect(await artifacts.find('Interaction', 'i')).toBeDefined()
      await artifacts.destroy('Interaction', 'i')
      expect(await artifacts.find('Interaction', 'i')).toBeUndefined()
    })

    it('takes an id once, of many at the same time', async () => {
      const location = await databases.newLocation()
      const instances = [databases.open(location), databases.open(location)] as const
      await instances[0].migrate()
      const row = { kind: 'ReplayDetection', idHash: 'jti', payload: '', expiresAt: 5 } as const
      const taken = await Promise.all(
        Array.from({ length: 10 }, (_, index) => instances[index % 2 === 0 ? 0 : 1].artifacts.saveOnce(row)),
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
    })

    it('redeems a code once, of many at the same time and from two instances', async () => {
      const location = await databases.newLocation()
      const instances = [databases.open(location), databases.open(location)] as const
      await instances[0].migrate()
      await code(instances[0].artifacts, 'code')
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          instances[index % 2 === 0 ? 0 : 1].artifacts.redeem('AuthorizationCode', 'code', family, 5),
        ),
      )
      expect(outcomes.filter((one) => one.outcome === 'redeemed')).toHaveLength(1)
      // Nothing had been issued yet, so there was nothing to end.
      expect(outcomes.filter((one) => one.outcome === 'replayed' && !one.revoked)).toHaveLength(9)
    })

    it('ends what came of a code that comes back, once', async () => {
      const store = await databases.newStore()
      await familyOf(store)
      await accessToken(store, 'at1', null, 'code')
      const again = () => store.artifacts.redeem('AuthorizationCode', 'code', family, 5)
      expect(await again()).toStrictEqual({ outcome: 'replayed', revoked: true })
      expect(await again()).toStrictEqual({ outcome: 'replayed', revoked: false })
      expect(await store.accessTokens.findForCall('at1')).toMatchObject({ revokedAt: 5 })
      expect(await store.artifacts.find('RefreshToken', 'r1')).toMatchObject({ familyRevoked: true })
      expect(actions(await store.audit.list({ limit: 9 }))).toStrictEqual(['token.revoked cli_1 con_1'])
    })

    it('rotates a refresh token, and takes it again within the grace period', async () => {
      const store = await databases.newStore()
      await familyOf(store)
      expect(await store.artifacts.rotate('r1', 100, 30)).toStrictEqual({ outcome: 'rotated' })
      expect(await store.artifacts.find('RefreshToken', 'r1')).toMatchObject({ consumedAt: 100 })
      await token(store, 'r2', 'r1')
      await store.artifacts.rotate('r2', 110, 30)
      expect(await store.artifacts.rotate('r1', 130, 30)).toStrictEqual({ outcome: 'rotated' })
      expect(await store.artifacts.rotate('r1', 131, 30)).toStrictEqual({
        outcome: 'replayed',
        revoked: true,
      })
      expect(await store.artifacts.rotate('r1', 132, 30)).toStrictEqual({ outcome: 'revoked' })
      expect(await store.artifacts.rotate('r2', 132, 30)).toStrictEqual({ outcome: 'revoked' })
      expect(await store.artifacts.rotate('none', 132, 30)).toStrictEqual({ outcome: 'revoked' })
    })

    it('takes it again at any time while no successor was used', async () => {
      const store = await databases.newStore()
      await familyOf(store)
      await store.artifacts.rotate('r1', 100, 30)
      for (const next of ['r2', 'r3']) await token(store, next, 'r1')
      await accessToken(store, 'at2', 'r2', 'code')
      expect(await store.artifacts.rotate('r1', 9000, 30)).toStrictEqual({ outcome: 'rotated' })
      await store.accessTokens.recordUse(new Map([['at2', 9001]]))
      expect(await store.artifacts.rotate('r1', 9002, 30)).toStrictEqual({
        outcome: 'replayed',
        revoked: true,
      })
    })

    it('a token made while its family ends is ended with it', async () => {
      const store = await databases.newStore()
      await familyOf(store)
      await store.artifacts.rotate('r1', 100, 30)
      expect(await store.artifacts.revokeFamily('code', 101)).toBe(true)
      expect(await store.artifacts.revokeFamily('code', 102)).toBe(false)
      await token(store, 'r2', 'r1')
      await accessToken(store, 'at2', 'r2', 'code')
      expect(await store.artifacts.find('RefreshToken', 'r2')).toMatchObject({ familyRevoked: true })
      expect(await store.accessTokens.findForCall('at2')).toMatchObject({ revokedAt: 101 })
    })

    it('fifty uses of one token at once from two instances all rotate', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await familyOf(one)
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          (index % 2 === 0 ? one : two).artifacts.rotate('r1', 100, 30),
        ),
      )
      expect(outcomes.map(({ outcome }) => outcome)).toStrictEqual(Array(50).fill('rotated'))
    })

    it('keeps a token whose successor was used for a day, to recognise it', async () => {
      const store = await databases.newStore()
      await familyOf(store)
      const late = { payload: '', expiresAt: 9e12, familyId: 'code' }
      await store.artifacts.saveRefreshToken({ ...late, idHash: 'r2', predecessorHash: 'r1' })
      await store.artifacts.saveRefreshToken({ ...late, idHash: 'r3', predecessorHash: 'r2' })
      for (const used of ['r1', 'r2', 'r3']) await store.artifacts.rotate(used, 100, 30)
      expect(await store.artifacts.find('RefreshToken', 'r2')).toMatchObject({ expiresAt: 100 + 86_400_000 })
      expect(await store.artifacts.find('RefreshToken', 'r3')).toMatchObject({ expiresAt: 9e12 })
    })

    it('finds a device code by its user code, and lets one person decide', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await device(one.artifacts, 'd')
      expect(await two.artifacts.findByUserCode('user d')).toMatchObject({ idHash: 'd', decidedAt: null })
      expect(await two.artifacts.findByUserCode('user x')).toBeUndefined()
      const decided = await Promise.all(
        [one, two, one, two].map(({ artifacts }, index) => artifacts.decide('d', `answer ${index}`, 7)),
      )
      expect(decided.filter(Boolean)).toHaveLength(1)
      const payload = `answer ${decided.indexOf(true)}`
      expect(await one.artifacts.find('DeviceCode', 'd')).toMatchObject({ payload, decidedAt: 7 })
      expect(await one.artifacts.decide('none', '', 7)).toBe(false)
    })

    it('says when a device asks too often', async () => {
      const { artifacts } = await databases.newStore()
      await device(artifacts, 'd')
      expect(await artifacts.poll('d', 1000, 4000)).toBe(true)
      expect(await artifacts.poll('d', 4999, 4000)).toBe(false)
      expect(await artifacts.poll('d', 5000, 4000)).toBe(true)
    })

    it('counts device codes that wait, and those that ran out once, whoever sweeps', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      for (const id of ['a', 'b', 'c']) await device(one.artifacts, id)
      await device(one.artifacts, 'later', 9000)
      await one.artifacts.decide('c', '', 5)
      expect(await two.artifacts.countPendingDeviceCodes(999)).toBe(3)
      expect(await two.artifacts.countPendingDeviceCodes(1000)).toBe(1)
      const swept = await Promise.all([one, two, one].map(({ artifacts }) => artifacts.sweep(1000, 0, 10)))
      expect(swept.reduce((sum, { deviceCodesExpired }) => sum + deviceCodesExpired, 0)).toBe(2)
      expect(await one.artifacts.find('DeviceCode', 'a')).toMatchObject({ decidedAt: 1000 })
    })

    it('deletes what has ended, in bites', async () => {
      const store = await databases.newStore()
      await familyOf(store)
      for (let index = 0; index < 5; index += 1) await code(store.artifacts, `old ${index}`, 10)
      await code(store.artifacts, 'new', 100_000)
      expect(await store.artifacts.sweep(50_000, 50_000, 2)).toMatchObject({ deleted: 2 })
      while ((await store.artifacts.sweep(50_000, 50_000, 2)).deleted > 0);
      expect(await store.artifacts.find('AuthorizationCode', 'old 4')).toBeUndefined()
      expect(await store.artifacts.find('AuthorizationCode', 'new')).toBeDefined()
      expect(await store.artifacts.find('RefreshToken', 'r1')).toMatchObject({ familyRevoked: false })
      expect(await store.artifacts.revokeFamily('code', 1)).toBe(true)
    })
  })
})
