import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import type { DocumentServer } from '../support/document-server.ts'
import { startGateway, testPassword } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { OauthCaller, redirectUri } from '../support/oauth-caller.ts'
import { PageBrowser } from '../support/page-browser.ts'
import { meet } from '../support/person.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({ upstreams: [{ name: 'code', url: 'http://127.0.0.1:9' }] })
})
afterAll(() => gateway.close())

describe('auth 12: codes of devices are guessed no faster', () => {
  it.each(['user_code', 'user%5Fcode', '%75ser_code'])('with %s in the link', async (name) => {
    const { browser, ...eve } = await meet(gateway, `eve-${name.length}-${name[0]}@example.com`)
    await eve.signIn()
    const answers = new Set<number>()
    for (let guess = 0; guess < 30; guess += 1)
      answers.add((await browser.get(`/device?${name}=BCDF-GHJK`)).status)
    expect([...answers]).toContain(429)
    // The empty form is no guess.
    expect((await browser.get('/device')).status).toBe(200)
  })
})

describe('auth 19: guesses at an account are counted as one, however its address is written', () => {
  it.each([0, 1, 300, 495, 500, 505, 511, 600])('with %s spaces before it', async (spaces) => {
    const email = `padded-${spaces}@example.com`
    const user = await gateway.addUser(email)
    await gateway.givePassword(user)
    const guess = async (written: string) => {
      const { status } = await new PageBrowser(gateway.url).signIn(written, 'a wrong password')
      return status
    }
    for (let guesses = 0; guesses < 5; guesses += 1) expect(await guess(email)).toBe(403)
    expect(await guess(email)).toBe(429)
    expect(await guess(`${' '.repeat(spaces)}${email}`)).toBe(429)
    // Nor is anybody else's account counted for it.
    const other = await gateway.addUser(`other-${spaces}@example.com`)
    await gateway.givePassword(other)
    const { status } = await new PageBrowser(gateway.url).signIn(
      `${' '.repeat(700)}${other.email}`,
      testPassword,
    )
    expect(status).toBe(303)
  })
})

describe('what a stranger can make the store keep is bounded', () => {
  it('an authorization request longer than 4096 characters is refused, and nothing of it kept', async () => {
    const ask = (length: number) =>
      fetch(`${gateway.url}/oauth/authorize?client_id=x&state=${'s'.repeat(length)}`, { redirect: 'manual' })
    const refused = await ask(4096)
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('longer than 4096')])
    expect(await (await ask(2000)).text()).not.toContain('longer than')
  })

  it('one address gets a fifth of the budget for them', async () => {
    const own = await startGateway({
      upstreams: [{ name: 'code', url: 'http://127.0.0.1:9' }],
      settings: { limits: { oauthPerMinute: 10 } },
    })
    const ask = async () => (await fetch(`${own.url}/oauth/authorize?client_id=x`)).status
    expect([await ask(), await ask(), await ask()]).toEqual([400, 400, 429])
    await own.close()
  })
})

if (!hasOpenssl) reportSkippedSuite('a flood of metadata documents', 'openssl is missing')

describe.skipIf(!hasOpenssl)('auth 9: metadata documents nobody has asked for before', () => {
  let documents: DocumentServer
  let own: TestGateway
  beforeAll(async () => {
    documents = await startDocumentServer()
    own = await startGateway({
      upstreams: [{ name: 'code', url: 'http://127.0.0.1:9' }],
      settings: { limits: { registrationsPerHour: 5 } },
      reach: documents.reach,
    })
  })
  afterAll(async () => {
    await own.close()
    documents.close()
  })

  const begin = async (place: number) => {
    const id = documents.url(`/${place}`)
    documents.serve(`/${place}`, { client_id: id, redirect_uris: [redirectUri] })
    const { status } = await fetch(new OauthCaller(own.url).begin(id).url, { redirect: 'manual' })
    return status
  }

  it('make no more clients of one address, and are fetched no more often, than it may register', async () => {
    const statuses: number[] = []
    for (let place = 0; place < 12; place += 1) statuses.push(await begin(place))
    expect(statuses).toEqual([...Array(5).fill(303), ...Array(7).fill(400)])
    expect(documents.asked).toHaveLength(5)
    expect(await own.store.clients.list({})).toHaveLength(5)
    // Those that are known go on.
    expect(await begin(0)).toBe(303)
  })
})
