import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine, RunningCommand } from '../support/command-line.ts'
import { legacyCall } from '../support/edge.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'
import type { RawConnection } from '../support/raw-http.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import type { ScriptedUpstream } from '../support/scripted-upstream.ts'

let line: CommandLine
let upstream: ScriptedUpstream
beforeEach(async () => {
  line = await openCommandLine()
  upstream = await startScriptedUpstream()
})
afterEach(async () => {
  await line.close()
  await upstream.close()
})

interface Served {
  readonly command: RunningCommand
  readonly port: number
  call(method?: 'GET' | 'POST'): Promise<RawConnection>
}

async function serve(drainSeconds: number): Promise<Served> {
  const args = [
    'serve',
    '--upstream',
    `code=${upstream.url}`,
    '--port',
    '0',
    '--json',
    '--log-level',
    'debug',
  ]
  const command = line.start([...args, '--requests-drain-seconds', String(drainSeconds)])
  const { listening } = JSON.parse(await command.firstLine) as { listening: string }
  const port = Number(new URL(listening).port)
  await line.json(['users', 'add', 'a@example.com'])
  const { key } = await line.json<{ key: string }>(['keys', 'create', '--user', 'a@example.com'])
  return {
    command,
    port,
    async call(method = 'POST') {
      const connection = await openRawConnection(port)
      const typed = [['Content-Type', 'application/json']] as const
      const fields = [['Authorization', `Bearer ${key}`] as const, ...(method === 'POST' ? typed : [])]
      connection.send(rawRequest(method, '/mcp', fields, method === 'POST' ? legacyCall() : ''))
      return connection
    },
  }
}

const clean = (err: string) => {
  for (const one of err.trim().split('\n')) expect(JSON.parse(one)).not.toMatchObject({ level: 'error' })
  expect(err).not.toMatch(/after.*(?:close|end)|closed database|not open|unhandled/i)
}

describe.each(['SIGTERM', 'SIGINT'] as const)('T43: %s', (signal) => {
  it('lets calls end, ends idle streams, accepts nothing new, and exits 0 at once', async () => {
    const { command, port, call } = await serve(30)
    const calls = await Promise.all([call(), call(), call('GET')])
    const exchanges = [await upstream.next(), await upstream.next(), await upstream.next()]
    const [stream, ...posts] = exchanges.toSorted((a, b) => (a.head < b.head ? -1 : 1))
    stream?.beginEvents()
    posts[1]?.beginEvents()
    posts[1]?.chunk('data: {"progress":1}\n\n')
    command.process.kill(signal)
    await command.said('"draining"')
    // The GET stream waits for nobody's answer: it ends as a whole answer does.
    const [first, second, third] = calls.map((connection) => connection?.next())
    expect((await third)?.status).toBe(200)
    await stream?.closed
    await expect
      .poll(() =>
        openRawConnection(port).then(
          () => 'open',
          () => 'refused',
        ),
      )
      .toBe('refused')
    posts[0]?.json({ jsonrpc: '2.0', id: 1, result: { late: 1 } })
    posts[1]?.chunk('data: {"jsonrpc":"2.0","id":1,"result":{"late":2}}\n\n')
    posts[1]?.say('0\r\n\r\n')
    const bodies = [(await first)?.body, (await second)?.body].toSorted()
    expect(bodies[0]).toContain('"late":2')
    expect(bodies[1]).toContain('"late":1')
    const { code, err } = await command.ended
    expect([code, err.includes('"stopped"')]).toEqual([0, true])
    clean(err)
  })
})

it('T43: what does not end in time is broken off, and it still exits 0 and says so', async () => {
  const { command, call } = await serve(1)
  const connection = await call()
  const exchange = await upstream.next()
  command.process.kill('SIGTERM')
  expect(await connection.next()).toBeNull()
  await exchange.closed
  const { code, err } = await command.ended
  expect(code).toBe(0)
  expect(err).toContain('stopped; some requests were broken off')
  clean(err)
})

it('T43: with traffic going on, nothing uses what is closed already', async () => {
  const { command, port, call } = await serve(30)
  const stopped = new AbortController()
  const served = (async () => {
    while (!stopped.signal.aborted) (await upstream.next()).json({ jsonrpc: '2.0', id: 1, result: {} })
  })()
  const statuses: (number | undefined)[] = []
  const clients = Array.from({ length: 4 }, async () => {
    while (!stopped.signal.aborted) {
      const connection = await call().catch(() => null)
      if (connection === null) return
      statuses.push((await connection.next())?.status)
      connection.destroy()
    }
  })
  await expect.poll(() => statuses.length).toBeGreaterThan(20)
  command.process.kill('SIGTERM')
  const { code, err } = await command.ended
  stopped.abort()
  await Promise.all(clients)
  expect(code).toBe(0)
  for (const status of statuses) expect([200, undefined]).toContain(status)
  clean(err)
  expect(await sendRaw(port, '').catch(() => null)).toBeNull()
  void served
})

describe('T42: what cannot be bound is said, with exit code 1', () => {
  it('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const args = ['serve', '--upstream', `code=${upstream.url}`, '--port', String(port)]
    const { code, err, out } = await line.run(args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(
      `sallyport: cannot listen on 127.0.0.1:${port} (EADDRINUSE): stop what listens there, or choose another with --port`,
    )
    other.close()
  })

  it.each(['192.0.2.1', 'no-such-host.invalid'])('the address %s, which is not ours', async (host) => {
    const { code, err } = await line.run([
      'serve',
      '--upstream',
      `code=${upstream.url}`,
      '--host',
      host,
      '--port',
      '0',
    ])
    expect(code).toBe(1)
    expect(err).toMatch(/sallyport: cannot listen on .* \([A-Z_]+\): choose an address of this machine/)
  })
})
