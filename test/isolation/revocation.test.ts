import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { rotateKey } from '../../src/identity/key-lifecycle.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { onEachDatabase } from '../storage/databases.ts'
import { operator } from '../support/gateway.ts'
import { startTraffic } from './calls.ts'
import { makeManyKeys } from './many-keys.ts'
import { createScene } from './scene.ts'
import type { Scene } from './scene.ts'

const rounds = 1000
const run = promisify(execFile)

onEachDatabase((databases) => {
  it('refuses the very next call after a revocation elsewhere, 1000 of 1000 times, under traffic', async () => {
    const scene = await createScene({ store: await databases.newLocation() })
    try {
      const { gateway, calls } = scene
      const owner = await scene.addUser('owner')
      const keys = await makeManyKeys(gateway, owner, rounds)
      const traffic = await trafficOf(scene)
      let held = 0
      for (const { id, key } of keys) {
        expect(await calls.post('/mcp', key)).toMatchObject({ status: 200, caller: { sub: owner.id } })
        expect(await gateway.store.apiKeys.revoke(id, systemClock.now(), {}, operator)).toBeDefined()
        const { status, reason } = await calls.post('/mcp', key)
        if (status === 401 && reason === 'revoked_key') held += 1
      }
      expect(held).toBe(rounds)
      await expectSound(traffic)
    } finally {
      await scene.close()
    }
  })

  it('refuses or readmits a user from the very next call on, 1000 of 1000 times, under traffic', async () => {
    const scene = await createScene({ store: await databases.newLocation() })
    try {
      const { gateway, calls } = scene
      const user = await scene.addUser('user')
      const keys = await makeManyKeys(gateway, user, 3)
      const traffic = await trafficOf(scene)
      const { users } = gateway.store
      let held = 0
      for (let round = 0; round < rounds; round += 1) {
        const disabledAt = round % 2 === 0 ? round + 1 : null
        await users.setDisabled(user.id, disabledAt, round + 1, operator)
        const { status, reason } = await calls.post('/mcp', keys[round % 3]?.key ?? '')
        if (disabledAt === null ? status === 200 : reason === 'account_inactive' && status === 401) held += 1
      }
      expect(held).toBe(rounds)
      await expectSound(traffic)
    } finally {
      await scene.close()
    }
  })

  it('refuses the next call after `sallyport keys revoke` and `users disable` in another process', async () => {
    const scene = await createScene({ store: await databases.newLocation() })
    try {
      const { gateway, calls } = scene
      const user = await scene.addUser('cli')
      const traffic = await trafficOf(scene)
      const { key: last } = await gateway.createKey(user)
      for (let round = 0; round < 3; round += 1) {
        const { id, key } = await gateway.createKey(user)
        expect(await calls.post('/mcp', key)).toMatchObject({ status: 200 })
        expect(await sallyport(gateway.location, 'keys', 'revoke', id)).toContain(`"id":"${id}"`)
        expect(await calls.post('/mcp', key)).toMatchObject({ status: 401, reason: 'revoked_key' })
      }
      await sallyport(gateway.location, 'users', 'disable', user.email)
      expect(await calls.post('/mcp', last)).toMatchObject({ status: 401, reason: 'account_inactive' })
      await sallyport(gateway.location, 'users', 'enable', user.email)
      expect(await calls.post('/mcp', last)).toMatchObject({ status: 200 })
      await expectSound(traffic)
    } finally {
      await scene.close()
    }
  })

  it('lets a rotated key work beside its successor until the grace period ends, and not after', async () => {
    let now = Date.now()
    const clock = { now: () => now, monotonic: systemClock.monotonic }
    const scene = await createScene({ store: await databases.newLocation(), clock })
    try {
      const { gateway, calls } = scene
      const { apiKeys } = gateway.store
      const old = await gateway.createKey(await scene.addUser('rotator'))
      const parts = { apiKeys, clock, random: systemRandom }
      const rotated = await rotateKey(old.id, 24, {}, operator, parts)
      if (rotated.outcome !== 'rotated') throw new Error(rotated.outcome)
      const both = async () => [await calls.post('/mcp', old.key), await calls.post('/mcp', rotated.key)]
      expect(await both()).toMatchObject([{ status: 200 }, { status: 200 }])
      now += 24 * 3_600_000 - 1
      expect(await both()).toMatchObject([{ status: 200 }, { status: 200 }])
      now += 1
      expect(await both()).toMatchObject([{ status: 401, reason: 'expired_key' }, { status: 200 }])
      await apiKeys.revoke(rotated.id, now, {}, operator)
      expect(await calls.post('/mcp', rotated.key)).toMatchObject({ status: 401, reason: 'revoked_key' })
    } finally {
      await scene.close()
    }
  })
})

/** Two other people at work, all the time. */
async function trafficOf({ gateway, calls, addUser }: Scene) {
  const keys: { key: string; sub: string }[] = []
  for (let place = 0; place < 2; place += 1) {
    const user = await addUser(`bystander-${place}`)
    keys.push({ key: (await gateway.createKey(user)).key, sub: user.id })
  }
  return startTraffic(calls, keys)
}

async function expectSound(traffic: ReturnType<typeof startTraffic>): Promise<void> {
  const { count, wrong } = await traffic.stop()
  expect(wrong.slice(0, 3)).toStrictEqual([])
  expect(count).toBeGreaterThan(100)
}

async function sallyport(store: string, ...words: string[]): Promise<string> {
  const program = join(import.meta.dirname, '../../bin/sallyport.js')
  const args = [program, ...words, '--store', store, '--json']
  const env = {
    PATH: process.env['PATH'],
    SALLYPORT_SECRETS_KEY: 'only-for-tests-0123456789abcdef-0123456789',
  }
  return (await run(process.execPath, args, { env })).stdout
}
