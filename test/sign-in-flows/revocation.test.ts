import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createClients } from '../../src/oauth/clients.ts'
import { startTraffic } from '../isolation/calls.ts'
import { createScene } from '../isolation/scene.ts'
import type { Scene } from '../isolation/scene.ts'
import { onEachDatabase } from '../storage/databases.ts'
import type { TestDatabases } from '../storage/databases.ts'
import { operator } from '../support/gateway.ts'
import { OauthCaller, tokensOf } from '../support/oauth-caller.ts'
import { formOf } from '../support/page-browser.ts'
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { sallyport } from '../support/sallyport-command.ts'

const rounds = 100
/** All that the resource has. */
const scope = { scope: null, nonce: null }

onEachDatabase((databases) => {
  describe('auth 5: under traffic, the very next call is refused, 100 of 100 times, after', () => {
    it('a token was revoked by its client', async () => {
      await underTraffic(databases, async ({ oauth, ada, call }) => {
        const client = await oauth.register()
        let { refresh } = await oauth.connect(ada, client, scope)
        const tokens = await prepared(async () => {
          const next = tokensOf((await oauth.refresh(client, refresh)).body)
          ;({ refresh } = next)
          return next.access
        })
        return tokens.map((access) => async () => {
          expect((await call(access)).status).toBe(200)
          const revoked = await oauth.post('/oauth/revoke', { token: access, client_id: client.id })
          expect(revoked.status).toBe(200)
          return (await call(access)).reason === 'revoked_token'
        })
      })
    })

    it('its consent was revoked by its person, and its refresh token is over too', async () => {
      await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
        const granted = await prepared(async () => {
          const client = await oauth.register()
          return { client, ...(await oauth.connect(ada, client, scope)) }
        })
        const consents = await scene.gateway.store.consents.list(ada.userId)
        const form = formOf((await ada.browser.get('/account/apps')).text, '/account/apps/revoke')
        return granted.map(({ client, access, refresh }) => async () => {
          expect((await call(access)).status).toBe(200)
          const id = consents.find(({ clientId }) => clientId === client.id)?.id ?? ''
          const { status } = await ada.browser.post('/account/apps/revoke', { ...form, id })
          expect(status).toBe(303)
          const { reason } = await call(access)
          const { body } = await oauth.refresh(client, refresh)
          return reason === 'revoked_token' && body['error'] === 'invalid_grant'
        })
      })
    })

    it('its person was disabled elsewhere; enabled again, they are back', async () => {
      await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
        const { access } = await oauth.connect(ada, await oauth.register(), scope)
        const { users } = scene.gateway.store
        return Array.from({ length: rounds }, () => async () => {
          await users.setDisabled(ada.userId, Date.now(), Date.now(), operator)
          const { status, reason } = await call(access)
          const page = await ada.browser.get('/account')
          await users.setDisabled(ada.userId, null, Date.now(), operator)
          const isOut = status === 401 && reason === 'account_inactive' && page.status === 303
          return isOut && (await call(access)).status === 200
        })
      })
    })

    it('its client was revoked elsewhere', async () => {
      await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
        const parts = { clock: systemClock, random: systemRandom, emit: () => {} }
        const { clients: store } = scene.gateway.store
        const clients = createClients({ approvalRequired: false }, { store, ...parts })
        const granted = await prepared(async () => {
          const client = await oauth.register()
          return { client, ...(await oauth.connect(ada, client, scope)) }
        })
        return granted.map(({ client, access, refresh }) => async () => {
          expect((await call(access)).status).toBe(200)
          expect(await clients.revoke(client.id, operator)).toBe(true)
          const { reason } = await call(access)
          const { status, body } = await oauth.refresh(client, refresh)
          return reason === 'client_inactive' && status === 401 && body['error'] === 'invalid_client'
        })
      })
    })
  })

  it('auth 5: `clients revoke` and `users disable` of another process hold from the next call on', async () => {
    await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
      const [one, two] = [await oauth.register(), await oauth.register()]
      const [first, second] = [await oauth.connect(ada, one, scope), await oauth.connect(ada, two, scope)]
      const { location } = scene.gateway
      const play = async () => {
        await sallyport(location, 'clients', 'revoke', one.id)
        expect(await call(first.access)).toMatchObject({ status: 401, reason: 'client_inactive' })
        expect((await call(second.access)).status).toBe(200)
        await sallyport(location, 'users', 'disable', ada.email)
        expect(await call(second.access)).toMatchObject({ status: 401, reason: 'account_inactive' })
        expect((await ada.browser.get('/account')).status).toBe(303)
        return (await oauth.refresh(two, second.refresh)).body['error'] === 'invalid_grant'
      }
      return [play]
    })
  })
})

interface Stage {
  readonly scene: Scene
  readonly oauth: OauthCaller
  readonly ada: Person & { readonly userId: string }
  call(access: string): ReturnType<Scene['calls']['post']>
}

/** Revokes something once, and answers whether that held. */
type Round = () => Promise<boolean>

/** Plays rounds while others are at work with keys and tokens of theirs, none of whom may notice. */
async function underTraffic(
  databases: TestDatabases,
  prepare: (stage: Stage) => Promise<readonly Round[]>,
): Promise<void> {
  const settings = { limits: { enabled: false } }
  const scene = await createScene({ store: await databases.newLocation(), settings })
  const { gateway, calls } = scene
  try {
    const oauth = new OauthCaller(gateway.url)
    const [ada, bystander] = [
      await meet(gateway, 'ada@example.com'),
      await meet(gateway, 'grace@example.com'),
    ]
    const { access } = await oauth.connect(bystander, await oauth.register(), scope)
    const user = await scene.addUser('bystander')
    const call = (token: string) => calls.post('/mcp', token)
    const played = await prepare({ scene, oauth, ada, call })
    const traffic = startTraffic(calls, [
      { key: access, sub: bystander.userId },
      { key: (await gateway.createKey(user)).key, sub: user.id },
    ])
    let held = 0
    try {
      for (const round of played) if (await round()) held += 1
    } finally {
      const { count, wrong } = await traffic.stop()
      expect(wrong.slice(0, 3)).toStrictEqual([])
      expect(count).toBeGreaterThan(held)
    }
    expect(held).toBe(played.length)
  } finally {
    await scene.close()
  }
}

/** As many as there are rounds, one after the other. */
async function prepared<T>(make: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = []
  while (made.length < rounds) made.push(await make())
  return made
}
