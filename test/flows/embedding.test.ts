import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { Failure } from '../../src/lib/error.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createSallyport } from '../../src/server/sallyport.ts'
import type { Sallyport } from '../../src/server/sallyport.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { legacyCall } from '../support/edge.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-embedding-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const options = (more: Record<string, unknown> = {}) => ({
  store: `sqlite:${join(folder, 'embedded.db')}`,
  log: { level: 'silent' },
  upstreams: [{ name: 'code', url: 'http://127.0.0.1:1/mcp', identity: 'none' }],
  ...more,
})

async function inServer(sallyport: Sallyport): Promise<{ server: Server; port: number }> {
  const server = createServer(sallyport.listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return { server, port: address !== null && typeof address === 'object' ? address.port : 0 }
}
const ready = async (port: number) => (await sendRaw(port, rawRequest('GET', '/readyz')))?.status

it("lives in somebody's own server: 503, start, answers, closing, close, 503", async () => {
  const upstream = await startScriptedUpstream()
  const sallyport = createSallyport(
    options({ upstreams: [{ name: 'code', url: upstream.url, identity: 'none' }] }),
  )
  const { server, port } = await inServer(sallyport)
  const early = await sendRaw(port, rawRequest('GET', '/healthz'))
  expect([early?.status, early?.headers.get('retry-after')]).toEqual([503, '1'])
  expect(JSON.parse(early?.body ?? '')).toMatchObject({ error: { code: 'shutting_down' } })

  expect(await sallyport.start({ port })).toEqual({ publicUrl: `http://127.0.0.1:${port}` })
  expect(await ready(port)).toBe(200)
  const answer = await sendRaw(
    port,
    rawRequest('POST', '/mcp', [['Content-Type', 'application/json']], legacyCall()),
  )
  expect(answer?.status).toBe(401)

  const connection = await openRawConnection(port)
  sallyport.beginClosing()
  const closing = await sendRaw(port, rawRequest('GET', '/readyz'))
  expect([closing?.status, closing?.body.includes('shutting_down')]).toEqual([503, true])
  expect((await sendRaw(port, rawRequest('GET', '/healthz')))?.status).toBe(200)

  await Promise.all([sallyport.close(), sallyport.close()])
  await sallyport.close()
  expect(await ready(port)).toBe(503)
  connection.destroy()
  server.close()
  await upstream.close()
})

it('installs no handlers on the process and leaves no timer that keeps it alive', async () => {
  const events = [
    'SIGTERM',
    'SIGINT',
    'SIGHUP',
    'exit',
    'beforeExit',
    'uncaughtException',
    'unhandledRejection',
    'warning',
  ]
  const counts = () => events.map((event) => process.listenerCount(event))
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const [before, timersBefore] = [counts(), timers()]
  const sallyport = createSallyport(options())
  expect(counts()).toEqual(before)
  await sallyport.start({ port: 1 })
  expect(counts()).toEqual(before)
  expect(timers()).toBe(timersBefore)
  await sallyport.close()
  expect(counts()).toEqual(before)
})

it('reads no variables and no file of the working folder', async () => {
  process.env['SALLYPORT_LISTEN_PORT'] = 'not a port'
  try {
    const sallyport = createSallyport(options())
    expect(await sallyport.start({ port: 7 })).toEqual({ publicUrl: 'http://127.0.0.1:7' })
    await sallyport.close()
  } finally {
    delete process.env['SALLYPORT_LISTEN_PORT']
  }
})

it('says everything that is wrong with the options at once', () => {
  const wrong = { listen: { port: 'x' }, publicURL: 'https://a', upstreams: [{ name: 'A', url: 'x' }] }
  let failure: unknown
  try {
    createSallyport(wrong)
  } catch (error) {
    failure = error
  }
  if (!(failure instanceof Failure)) throw new Error('no failure')
  expect(failure.code).toBe('config_invalid')
  expect(failure.fix).toBe('correct the options named')
  for (const said of [
    'listen.port: must be',
    'did you mean publicUrl?',
    'upstreams[0].name',
    'upstreams[0].url',
  ])
    expect(failure.message).toContain(said)
})

it('a start that fails leaves nothing open, and says how to fix it', async () => {
  const store = `sqlite:${join(folder, 'no', 'such', 'folder', 'x.db')}`
  const sallyport = createSallyport(options({ store }))
  const { server, port } = await inServer(sallyport)
  const failure = await sallyport.start({ port }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect((failure as Failure).fix).toBeTypeOf('string')
  expect(await ready(port)).toBe(503)
  await sallyport.close()
  server.close()
})

it('two of them live beside each other, each with its own store', async () => {
  const stores = ['one', 'two'].map((name) => `sqlite:${join(folder, `${name}.db`)}`)
  const both = await Promise.all(
    stores.map(async (store) => {
      const sallyport = createSallyport(options({ store }))
      const { server, port } = await inServer(sallyport)
      await sallyport.start({ port })
      return { sallyport, server, port }
    }),
  )
  await both[0]?.sallyport.close()
  expect(await Promise.all(both.map(({ port }) => ready(port)))).toEqual([503, 200])
  for (const { sallyport, server } of both) {
    await sallyport.close()
    server.close()
  }
  const store = openStore(stores[0] ?? '', { clock: systemClock, random: systemRandom })
  await store.ping()
  await store.close()
})
