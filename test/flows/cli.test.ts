import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine } from '../support/command-line.ts'

let line: CommandLine
const servers: Server[] = []
beforeAll(async () => {
  line = await openCommandLine()
})
afterAll(async () => {
  await line.close()
  for (const server of servers) server.close()
})

async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/mcp`
}

const commands = [
  'serve',
  'demo',
  'users add',
  'users list',
  'users disable',
  'users enable',
  'keys create',
  'keys list',
  'keys rotate',
  'keys revoke',
  'doctor',
  'migrate',
]

describe('help', () => {
  it.each([[[]], [['--help']]])('%j lists every command', async (args) => {
    const { code, out, err } = await line.run(args)
    expect([code, err]).toEqual([0, ''])
    for (const name of commands) expect(out).toMatch(new RegExp(`^  ${name} .*\\.$`, 'm'))
  })

  it('of each command names its flags, and touches nothing', async () => {
    const answers = await Promise.all(commands.map((name) => line.run([...name.split(' '), '--help'])))
    for (const [place, { code, out, err }] of answers.entries()) {
      expect([commands[place], code, err]).toEqual([commands[place], 0, ''])
      expect(out.startsWith(`usage: sallyport ${commands[place]}`)).toBe(true)
      for (const flag of ['--config', '--store', '--json', '--help']) expect(out).toContain(flag)
    }
    const serve = answers[0]?.out ?? ''
    for (const name of ['--upstream NAME=URL', '--port', '--host', '--public-url', 'SALLYPORT_LOG_LEVEL'])
      expect(serve).toContain(name)
    expect(await readdir(line.folder)).toEqual([])
  })

  it('--version prints the version of the package', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
    const { version } = JSON.parse(text) as { version: string }
    expect(await line.run(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })
})

describe('wrong usage is exit code 2 and one line', () => {
  it.each([
    [['frobnicate'], '"frobnicate" is no command'],
    [['keys', 'destroy'], '"keys destroy" is no command'],
    [['users', 'add'], 'users add takes EMAIL'],
    [['serve', '--prot', '1'], '--prot'],
    [['migrate', '--port', '1'], '--port'],
  ])('%j', async (args, says) => {
    const { code, out, err } = await line.run(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^sallyport: [^\n]+: see sallyport [^\n]*--help\n$/)
    expect(err).toContain(says)
  })
})

describe('migrate', () => {
  it('brings the store to this version, once', async () => {
    const store = ['--store', 'sqlite:migrate.db']
    const { applied } = await line.json<{ applied: string[] }>(['migrate', ...store])
    expect(applied[0]).toBe('0001-initial')
    expect(await line.json(['migrate', ...store])).toEqual({ applied: [] })
    expect((await line.run(['migrate', ...store])).out).toBe('the store is up to date\n')
  })
})

interface Report {
  readonly ok: boolean
  readonly findings: readonly { level: string; what: string; fix?: string }[]
}

async function doctor(...args: string[]): Promise<Report & { code: number | null; err: string }> {
  const { code, out, err } = await line.run(['doctor', '--json', ...args])
  return { ...(JSON.parse(out) as Report), code, err }
}

describe('doctor', () => {
  it('finds nothing to mend where all is well, and changes nothing', async () => {
    const url = await answering((_, response) => response.writeHead(401).end())
    const report = await doctor('--store', 'sqlite:doctor.db', '--upstream', `code=${url}`)
    expect([report.code, report.ok, report.err]).toEqual([0, true, ''])
    expect(report.findings.some(({ level }) => level === 'problem')).toBe(false)
    const pending = report.findings.find(({ what }) => what.startsWith('store: '))
    expect(pending?.what).toContain('is not there yet')
    expect(existsSync(join(line.folder, 'doctor.db'))).toBe(false)
    await line.run(['migrate', '--store', 'sqlite:doctor.db'])
    const after = await doctor('--store', 'sqlite:doctor.db', '--upstream', `code=${url}`)
    expect(after.findings.every(({ level }) => level === 'ok')).toBe(true)
  })

  it.each<[string, RequestListener, RegExp]>([
    ['a wrong path', (_, response) => response.writeHead(404).end(), /answers 404: .*often it is \/mcp/],
    [
      'a redirect',
      (_, response) => response.writeHead(308, { Location: '/' }).end(),
      /redirects: set its url/,
    ],
    ['a failing server', (_, response) => response.writeHead(500).end(), /answers 500: see its own log/],
    [
      'a clock that is off',
      (_, response) => response.writeHead(401, { Date: new Date(Date.now() - 600_000).toUTCString() }).end(),
      /clock differs from ours by \d+ s.*: synchronise/,
    ],
  ])('finds %s of an upstream', async (_, listener, says) => {
    const url = await answering(listener)
    const { code, ok, findings, err } = await doctor('--upstream', `code=${url}`)
    expect([code, ok]).toEqual([1, false])
    const problems = findings.filter(({ level }) => level === 'problem')
    expect(problems).toHaveLength(1)
    expect(`${problems[0]?.what}: ${problems[0]?.fix}`).toMatch(says)
    expect(err).toMatch(/^sallyport: 1 of \d+ checks failed: see the findings above\n$/)
  })

  it('finds an upstream that is down, and a store that is out of reach, in one go', async () => {
    const store = 'postgres://me:hunter2@127.0.0.1:1/none'
    const { code, findings, err } = await doctor(
      '--upstream',
      'code=http://127.0.0.1:1/mcp',
      '--store',
      store,
    )
    expect(code).toBe(1)
    const problems = findings.filter(({ level }) => level === 'problem')
    expect(problems.map(({ what }) => what.split(' ')[0]).toSorted()).toEqual(['store:', 'upstream'])
    for (const { fix } of problems) expect(fix).toBeTypeOf('string')
    expect(JSON.stringify(findings) + err).not.toContain('hunter2')
  })

  it('says what is wrong with the configuration too', async () => {
    const { code, findings } = await doctor('--public-url', 'http://mcp.example.com')
    expect(code).toBe(1)
    expect(findings[0]).toMatchObject({ level: 'problem' })
    expect(findings[0]?.what).toContain('--public-url: publicUrl: must be https')
  })

  it('warns of an upstream that trusts strangers', async () => {
    const url = await answering((_, response) => response.end('{"result":{"protocolVersion":"2025-11-25"}}'))
    const { code, findings } = await doctor('--upstream', `code=${url}`)
    expect(code).toBe(0)
    expect(findings.find(({ what }) => what.startsWith('upstream'))?.level).toBe('warning')
  })
})

it('the secrets key is made beside the store, for its owner alone', async () => {
  await line.json(['users', 'add', 'a@example.com', '--store', 'sqlite:own.db'])
  const file = join(line.folder, 'own.db.secrets-key')
  expect((await readFile(file, 'utf8')).trim()).toMatch(/^[A-Za-z0-9_-]{43}$/)
})
