import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import { createScene } from '../isolation/scene.ts'
import type { Scene } from '../isolation/scene.ts'
import { onPostgres, onSqlite } from '../storage/databases.ts'
import { testPassword } from '../support/gateway.ts'
import { deviceGrant, OauthCaller, tokensOf } from '../support/oauth-caller.ts'
import { formOf } from '../support/page-browser.ts'
import { meet } from '../support/person.ts'

interface Outage {
  begin(): Promise<void>
  end(): Promise<void>
}

const settings = { limits: { enabled: false } }
/** What sign-in, pages, tokens and clients stand on. */
const tables = [
  'users',
  'login_sessions',
  'passwords',
  'clients',
  'consents',
  'token_families',
  'access_tokens',
  'oauth_artifacts',
]

onSqlite((databases) => {
  it('auth 7, T8: SQLite away is 503 for tokens, pages and the authorization server, and signs nobody out', async () => {
    const scene = await createScene({ store: await databases.newLocation(), settings })
    const rename = async (from: string, to: string) => {
      const database = openDatabase(scene.gateway.location)
      for (const name of tables) {
        await sql.raw(`alter table ${name}${from} rename to ${name}${to}`).execute(database.kysely)
      }
      await database.close()
    }
    try {
      await expectOutage(scene, { begin: () => rename('', '_away'), end: () => rename('_away', '') })
    } finally {
      await scene.close()
    }
  })
})

onPostgres((databases, cluster) => {
  it('auth 7, T8: Postgres away is 503 for tokens, pages and the authorization server, and signs nobody out', async () => {
    const scene = await createScene({ store: await databases.newLocation(), settings })
    try {
      await expectOutage(scene, { begin: () => cluster().stop(), end: () => cluster().start() })
    } finally {
      await scene.close()
    }
  })
})

async function expectOutage(scene: Scene, outage: Outage): Promise<void> {
  const { gateway, calls, upstream } = scene
  const oauth = new OauthCaller(gateway.url)
  const ada = await meet(gateway, 'ada@example.com')
  const client = await oauth.register()
  const { access, refresh } = await oauth.connect(ada, client, { scope: null, nonce: null })
  const waiting = oauth.begin(client.id, { scope: null, nonce: null })
  const code = (await ada.authorize(waiting.url)).searchParams.get('code') ?? ''
  const device = await oauth.post('/oauth/device_authorization', { client_id: client.id })
  const login = formOf((await ada.browser.get('/login?switch=1')).text, '/login')
  const revoke = formOf((await ada.browser.get('/account/apps')).text, '/account/apps/revoke')
  expect(await calls.post('/mcp', access)).toMatchObject({ status: 200 })
  const cookie = ada.browser.jar.get('sallyport')

  await outage.begin()
  upstream.calls.length = 0
  try {
    const refused = await calls.post('/mcp', access)
    expect(refused).toMatchObject({ status: 503, reason: 'store_unavailable' })
    expect(refused.headers).not.toHaveProperty('www-authenticate')

    const grants = {
      code: oauth.redeem(client, code, waiting.verifier),
      refresh: oauth.refresh(client, refresh),
      device: oauth.post('/oauth/token', {
        grant_type: deviceGrant,
        device_code: String(device.body['device_code']),
        client_id: client.id,
      }),
      start: oauth.post('/oauth/device_authorization', { client_id: client.id }),
      revoke: oauth.post('/oauth/revoke', { token: refresh, client_id: client.id }),
      userinfo: oauth.send('/oauth/userinfo', { headers: { authorization: `Bearer ${access}` } }),
    }
    for (const [name, answering] of Object.entries(grants)) {
      const { status, headers, body } = await answering
      expect([name, status, body['error']]).toEqual([name, 503, 'temporarily_unavailable'])
      expect(headers.get('www-authenticate')).toBeNull()
      expect(JSON.stringify(body)).not.toMatch(/artifacts|postgres|sqlite|no such table/i)
    }
    const pages = {
      account: ada.browser.get('/account'),
      apps: ada.browser.get('/account/apps'),
      device: ada.browser.get('/device'),
      authorize: ada.browser.get(waiting.url.href.slice(gateway.url.length)),
      signIn: ada.browser.post('/login', { ...login, email: ada.email, password: testPassword }),
      form: ada.browser.post('/account/apps/revoke', revoke),
    }
    for (const [name, opening] of Object.entries(pages)) {
      const { status, headers, text } = await opening
      expect([name, status, headers.getSetCookie()]).toEqual([name, 503, []])
      expect(text).not.toMatch(/no such table|ECONNREFUSED|postgres:/i)
    }
    expect(ada.browser.jar.get('sallyport')).toBe(cookie)
    expect(upstream.calls).toHaveLength(0)
  } finally {
    await outage.end()
  }

  expect(await calls.post('/mcp', access)).toMatchObject({ status: 200, caller: { sub: ada.userId } })
  expect((await ada.browser.get('/account')).status).toBe(200)
  expect((await oauth.redeem(client, code, waiting.verifier)).status).toBe(200)
  const again = await oauth.refresh(client, refresh)
  expect(again.status).toBe(200)
  expect(await calls.post('/mcp', tokensOf(again.body).access)).toMatchObject({ status: 200 })
}
