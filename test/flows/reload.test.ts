import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, asBytes, toolsList } from '../support/asking.ts'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine, RunningCommand } from '../support/command-line.ts'
import { reasonOf } from '../support/edge.ts'
import { openRawConnection } from '../support/raw-http.ts'
import { echo, event, startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

const patience = { timeout: 20_000, interval: 100 }
const tokens = ['first-metrics-token-of-32-characters', 'second-metrics-token-of-32-character'] as const
const [oldPage, newPage] = ['https://old.example', 'https://new.example']

let line: CommandLine
let one: RecordingUpstream
let two: RecordingUpstream
let server: RunningCommand
let port: number
let key: string
let said = ''
/** Event streams the first upstream holds open. */
const streams: ServerResponse[] = []

beforeAll(async () => {
  line = await openCommandLine()
  one = await startRecordingUpstream({
    assertion: false,
    respond(call, response) {
      echo(call, response)
      if (call.method === 'GET') streams.push(response)
    },
  })
  two = await startRecordingUpstream({ assertion: false })
  await write({ allowedOrigins: [oldPage] }, [{ name: 'one', url: one.url, default: true }])
  await writeFile(join(line.folder, 'token'), tokens[0])
  const store = ['--store', 'sqlite:reload.db']
  await line.json(['users', 'add', 'a@example.com', ...store])
  key = (await line.json<{ key: string }>(['keys', 'create', '--user', 'a@example.com', ...store])).key
  const variables = { SALLYPORT_TELEMETRY_METRICS_TOKEN_FILE: join(line.folder, 'token') }
  server = line.start(['serve', '--json', '--config', 'sallyport.yaml'], variables)
  server.process.stderr?.on('data', (text: string) => {
    said += text
  })
  const { listening } = JSON.parse(await server.firstLine) as { listening: string }
  port = Number(new URL(listening).port)
})
afterAll(async () => {
  await line.close()
  await one.close()
  await two.close()
})

/** Writes the configuration file; the time of change differs from that before, however quick a test is. */
let changes = 0
async function write(settings: object, upstreams: readonly object[]): Promise<void> {
  const file = join(line.folder, 'sallyport.yaml')
  const fixed = { listen: { port: 0 }, store: 'sqlite:reload.db', requests: { drainSeconds: 0 } }
  const entries = upstreams.map((entry) => ({ identity: 'none', ...entry }))
  await writeFile(file, JSON.stringify({ ...fixed, ...settings, upstreams: entries }))
  changes += 1
  await utimes(file, new Date(), new Date(Date.now() + changes * 1000))
}
const reloadNow = () => server.process.kill('SIGHUP')
const statusOf = async (path: string) => (await ask(port, { path, key })).status
const base = () => ({ name: 'one', url: one.url, default: true })

/** An event stream through the gateway, and its next piece. */
async function openStream(path: string) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { Authorization: `Bearer ${key}` },
  })
  const reader = answer.body?.getReader()
  const next = async () => new TextDecoder().decode((await reader?.read())?.value)
  await next()
  return { next, close: () => reader?.cancel() }
}

describe('a gateway that runs takes over a changed file', () => {
  it('on SIGHUP: another upstream, while a stream stays open and a request is on its way', async () => {
    const stream = await openStream('/mcp/one')
    const connection = await openRawConnection(port)
    const bytes = asBytes({ path: '/mcp/one', key })
    connection.send(bytes.slice(0, -10))
    await write({ allowedOrigins: [oldPage] }, [base(), { name: 'two', url: two.url }])
    reloadNow()
    await expect.poll(() => statusOf('/mcp/two'), patience).toBe(200)
    connection.send(bytes.slice(-10))
    expect((await connection.next())?.status).toBe(200)
    streams[0]?.write(event({ jsonrpc: '2.0', method: 'notifications/after-reload' }))
    expect(await stream.next()).toContain('after-reload')
    await stream.close()
    connection.destroy()
  })

  it('without a signal, when the file changes: an upstream that moved, and one that is gone', async () => {
    const stream = await openStream('/mcp/one')
    const held = streams.at(-1)
    await write({ allowedOrigins: [oldPage] }, [{ ...base(), url: two.url }])
    await expect.poll(() => statusOf('/mcp/two'), patience).toBe(404)
    const before = [one.calls.length, two.calls.length]
    expect(await statusOf('/mcp/one')).toBe(200)
    expect([one.calls.length, two.calls.length]).toEqual([before[0], (before[1] ?? 0) + 1])
    expect(reasonOf(await ask(port, { path: '/mcp/two', key }))).toBe('upstream_unknown')
    // The stream was opened before, and goes on where it began.
    held?.write(event({ jsonrpc: '2.0', method: 'notifications/still-here' }))
    expect(await stream.next()).toContain('still-here')
    const closed = held === undefined ? null : once(held, 'close')
    await stream.close()
    await closed
  })

  it('the origins of pages', async () => {
    const preflight = async (origin: string) => {
      const fields = [
        ['Origin', origin],
        ['Access-Control-Request-Method', 'POST'],
      ] as const
      return (await ask(port, { method: 'OPTIONS', fields })).status
    }
    expect([await preflight(oldPage), await preflight(newPage)]).toEqual([204, 403])
    await write({ allowedOrigins: [newPage] }, [base()])
    reloadNow()
    await expect.poll(() => preflight(newPage), patience).toBe(204)
    expect(await preflight(oldPage)).toBe(403)
  })

  it('limits of sign-in and authorization server, on and off', async () => {
    const authorize = async () =>
      (await ask(port, { method: 'GET', path: '/oauth/authorize?client_id=x' })).status
    const signIn = { limits: { enabled: true, oauthPerMinute: 5 } }
    await write(signIn, [base()])
    reloadNow()
    await expect.poll(async () => [await authorize(), await authorize()].at(-1), patience).toBe(429)
    await write({ limits: { enabled: false } }, [base()])
    reloadNow()
    await expect.poll(authorize, patience).toBe(400)
    expect([await authorize(), await authorize()]).toEqual([400, 400])
  })

  it('limits, which count on from where they are', async () => {
    await write({ limits: { requestsPerMinute: 2 } }, [base()])
    reloadNow()
    await expect.poll(() => statusOf('/mcp/one'), patience).toBe(429)
    await write({ limits: { enabled: false } }, [base()])
    reloadNow()
    await expect.poll(() => statusOf('/mcp/one'), patience).toBe(200)
  })

  it('the token of /metrics, from its file', async () => {
    const metrics = async (token: string) =>
      (await ask(port, { method: 'GET', path: '/metrics', key: token })).status
    expect([await metrics(tokens[0]), await metrics(tokens[1])]).toEqual([200, 401])
    await writeFile(join(line.folder, 'token'), tokens[1])
    reloadNow()
    await expect.poll(() => metrics(tokens[1]), patience).toBe(200)
    expect(await metrics(tokens[0])).toBe(401)
  })

  it('the identity an upstream is shown, on the same connection', async () => {
    await write({}, [
      { ...base(), identity: 'static', static: { header: 'x-service', value: 'service-secret' } },
    ])
    reloadNow()
    await expect
      .poll(async () => {
        await ask(port, { path: '/mcp/one', key, body: toolsList })
        return one.calls.at(-1)?.headers['x-service']
      }, patience)
      .toBe('service-secret')
    await write({}, [base()])
    reloadNow()
    await expect
      .poll(async () => {
        await ask(port, { path: '/mcp/one', key, body: toolsList })
        return one.calls.at(-1)?.headers['x-service']
      }, patience)
      .toBeUndefined()
    expect(said).not.toContain('service-secret')
  })
})

describe('a gateway that runs keeps what it has', () => {
  /** What is said from now on. */
  const listening = () => {
    const from = said.length
    return () => said.slice(from)
  }

  it('when the file is wrong, and says everything that is', async () => {
    const heard = listening()
    await write({ allowedOrigin: [], limits: { enabled: 'perhaps' } }, [{ ...base(), url: 'nowhere' }])
    reloadNow()
    await expect.poll(heard, patience).toContain('the changed configuration is not taken over')
    for (const complaint of [
      'did you mean allowedOrigins?',
      'limits.enabled: must be true or false',
      'must be an absolute',
    ])
      expect(heard()).toContain(complaint)
    expect(await statusOf('/mcp/one')).toBe(200)
  })

  it.each([
    [
      'when the file is half a file',
      () => writeFile(join(line.folder, 'sallyport.yaml'), '{"upstreams": [{'),
    ],
    ['when it names no upstream', () => write({}, [])],
    [
      'when a certificate is not there',
      () => write({}, [{ ...base(), url: 'https://a.example', ca: 'no.pem' }]),
    ],
  ])('%s', async (_, change) => {
    const heard = listening()
    await change()
    reloadNow()
    await expect.poll(heard, patience).toContain('the changed configuration is not taken over')
    expect(await statusOf('/mcp/one')).toBe(200)
  })

  it('of the keys that need a restart, and names them; the others change', async () => {
    const heard = listening()
    const requests = { drainSeconds: 0, maxHeaderBytes: 8192 }
    const settings = {
      listen: { port: 1 },
      requests,
      sessions: { idleMinutes: 5 },
      publicUrl: 'https://a.example',
    }
    await write(settings, [base(), { name: 'three', url: two.url }])
    reloadNow()
    await expect.poll(() => statusOf('/mcp/three'), patience).toBe(200)
    await expect.poll(heard, patience).toContain('only a restart takes it over')
    const named = /only a restart takes it over: ([^"]*)/.exec(heard())?.[1]?.split(', ').toSorted()
    expect(named).toEqual(['listen.port', 'publicUrl', 'requests.maxHeaderBytes', 'sessions.idleMinutes'])
  })

  it('and stops as before when it is told to', async () => {
    server.process.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
  })
})
