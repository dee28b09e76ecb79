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
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { sallyport } from '../support/sallyport-command.ts'

const rounds = 100
/** All that the resource has. */
const scope = { scope: null, nonce: null }
/** Consent is remembered for it: the flow of one round is short. */
const httpsRedirect = 'https://app.example/callback'

onEachDatabase((databases) => {
  describe('auth 5: under traffic, the very next call is refused, 100 of 100 times, after', () => {
    it('a token was revoked by its client', async () => {
      await underTraffic(databases, async ({ oauth, ada, call }) => {
        const client = await oauth.register()
        let { refresh } = await oauth.connect(ada, client, scope)
        return count(rounds, async () => {
          const tokens = tokensOf((await oauth.refresh(client, refresh)).body)
          ;({ refresh } = tokens)
          expect((await call(tokens.access)).status).toBe(200)
          const revoked = await oauth.post('/oauth/revoke', { token: tokens.access, client_id: client.id })
          expect(revoked.status).toBe(200)
          return (await call(tokens.access)).reason === 'revoked_token'
        })
      })
    })

    it('its consent was revoked by its person, and its refresh token is over too', async () => {
      await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
        const client = await oauth.register({ redirect_uris: [httpsRedirect] })
        return count(rounds, async () => {
          const begun = oauth.begin(client.id, { ...scope, redirect_uri: httpsRedirect })
          const back = await ada.authorize(begun.url)
          const code = back.searchParams.get('code') ?? ''
          const more = { redirect_uri: httpsRedirect }
          const tokens = tokensOf((await oauth.redeem(client, code, begun.verifier, more)).body)
          expect((await call(tokens.access)).status).toBe(200)
          const [consent] = await scene.gateway.store.consents.list(ada.userId)
          const { status } = await ada.browser.submit('/account/apps', '/account/apps/revoke', {
            id: consent?.id ?? '',
          })
          expect(status).toBe(303)
          const { reason } = await call(tokens.access)
          const { body } = await oauth.refresh(client, tokens.refresh)
          return reason === 'revoked_token' && body['error'] === 'invalid_grant'
        })
      })
    })

    it('its person was disabled elsewhere; enabled again, they are back', async () => {
      await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
        const { access } = await oauth.connect(ada, await oauth.register(), scope)
        const { users } = scene.gateway.store
        return count(rounds, async () => {
          await users.setDisabled(ada.userId, Date.now(), Date.now(), operator)
          const { status, reason } = await call(access)
          const page = await ada.browser.get('/account')
          await users.setDisabled(ada.userId, null, Date.now(), operator)
          return (
            status === 401 &&
            reason === 'account_inactive' &&
            page.status === 303 &&
            (await call(access)).status === 200
          )
        })
      })
    })

    it('its client was revoked elsewhere', async () => {
      await underTraffic(databases, async ({ oauth, ada, call, scene }) => {
        const parts = { clock: systemClock, random: systemRandom, emit: () => {} }
        const clients = createClients(
          { approvalRequired: false },
          { store: scene.gateway.store.clients, ...parts },
        )
        return count(rounds, async () => {
          const client = await oauth.register()
          const { access, refresh } = await oauth.connect(ada, client, scope)
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
    await underTraffic(
      databases,
      async ({ oauth, ada, call, scene }) => {
        const [one, two] = [await oauth.register(), await oauth.register()]
        const [first, second] = [await oauth.connect(ada, one, scope), await oauth.connect(ada, two, scope)]
        const { location } = scene.gateway
        await sallyport(location, 'clients', 'revoke', one.id)
        expect(await call(first.access)).toMatchObject({ status: 401, reason: 'client_inactive' })
        expect((await call(second.access)).status).toBe(200)
        await sallyport(location, 'users', 'disable', ada.email)
        expect(await call(second.access)).toMatchObject({ status: 401, reason: 'account_inactive' })
        expect((await ada.browser.get('/account')).status).toBe(303)
        expect((await oauth.refresh(two, second.refresh)).body['error']).toBe('invalid_grant')
        return 1
      },
      1,
    )
  })
})

interface Stage {
  readonly scene: Scene
  readonly oauth: OauthCaller
  readonly ada: Person & { readonly userId: string }
  call(access: string): ReturnType<Scene['calls']['post']>
}

/** Plays it while others are at work with keys and tokens of theirs, none of whom may notice. */
async function underTraffic(
  databases: TestDatabases,
  play: (stage: Stage) => Promise<number>,
  expected = rounds,
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
    const traffic = startTraffic(calls, [
      { key: access, sub: bystander.userId },
      { key: (await gateway.createKey(user)).key, sub: user.id },
    ])
    const call = (token: string) => calls.post('/mcp', token)
    let held = 0
    try {
      held = await play({ scene, oauth, ada, call })
    } finally {
      const { count: called, wrong } = await traffic.stop()
      expect(wrong.slice(0, 3)).toStrictEqual([])
      expect(called).toBeGreaterThan(held)
    }
    expect(held).toBe(expected)
  } finally {
    await scene.close()
  }
}

/** How often it held. */
async function count(times: number, holds: () => Promise<boolean>): Promise<number> {
  let held = 0
  for (let round = 0; round < times; round += 1) if (await holds()) held += 1
  return held
}
