import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createClientDirectory } from '../../src/oauth/clients-directory.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine } from '../support/command-line.ts'

let line: CommandLine
beforeAll(async () => {
  line = await openCommandLine()
  const store = openStore(`sqlite:${join(line.folder, 'sallyport.db')}`, {
    clock: systemClock,
    random: systemRandom,
  })
  await store.migrate()
  const user = { id: 'usr_a', email: 'a@example.com', workspace: 'default', role: 'user', at: 0 } as const
  await store.users.add(user, { kind: 'system', id: null })
  const directory = createClientDirectory(
    { approvalRequired: true },
    { store: store.clients, documents: null, clock: systemClock, emit: () => {}, noteUse: () => {} },
  )
  for (const id of ['cli_one', 'cli_two']) {
    await directory.upsertDynamic(id, { client_name: id, redirect_uris: ['http://127.0.0.1/cb'] }, null)
  }
  await store.close()
})
afterAll(() => line.close())

type Listed = Readonly<Record<string, unknown>>
const listed = async (...more: string[]) =>
  (await line.json<{ clients: Listed[] }>(['clients', 'list', ...more])).clients
const redirect = ['--redirect-uri', 'https://app.example.com/cb']

describe('clients', () => {
  it('are added with a secret that is shown once and never again', async () => {
    const added = await line.json<{ client: Listed; secret: string }>([
      'clients',
      'add',
      '--name',
      ' App ',
      ...redirect,
      '--redirect-uri',
      'http://localhost/cb',
      '--confidential',
    ])
    expect(Object.keys(added).toSorted()).toEqual(['client', 'secret'])
    expect(added.secret).toMatch(/^[0-9A-Za-z]{43}$/)
    expect(added.client).toEqual({
      id: expect.stringMatching(/^cli_[0-9A-Za-z]{20}$/),
      name: 'App',
      status: 'active',
      origin: 'admin',
      redirectUris: ['https://app.example.com/cb', 'http://localhost/cb'],
      grantTypes: ['authorization_code', 'refresh_token'],
      authMethod: 'client_secret_basic',
      ownerId: null,
      workspace: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      lastUsedAt: null,
    })
    expect((await listed()).find(({ id }) => id === added.client['id'])).toEqual(added.client)
    const { out, err } = await line.run(['clients', 'list'], { SALLYPORT_LOG_LEVEL: 'debug' })
    expect(out).toContain(`${String(added.client['id'])}  App  active  admin  https://app.example.com/cb`)
    for (const text of [out, err]) expect(text).not.toContain(added.secret)
    expect((await readFile(join(line.folder, 'sallyport.db'))).includes(added.secret)).toBe(false)
  })

  it('print id and secret on standard output alone, and public ones no secret', async () => {
    const confidential = await line.run(['clients', 'add', '--name', 'x', '--confidential', ...redirect])
    expect(confidential.out).toMatch(/^client_id: cli_[0-9A-Za-z]{20}\nclient_secret: ([0-9A-Za-z]{43})\n$/)
    expect(confidential.err).toContain('the only time the secret is shown')
    expect(confidential.err).not.toMatch(/[0-9A-Za-z]{43}/)
    const device = ['clients', 'add', '--name', 'x', '--grant', 'device_code', '--grant', 'refresh_token']
    const open = await line.json<{ client: Listed; secret: null }>(device)
    expect(open).toMatchObject({ secret: null, client: { authMethod: 'none', redirectUris: [] } })
    expect(open.client['grantTypes']).toEqual([
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ])
  })

  it('T51: act for themselves in one workspace, when they keep a secret', async () => {
    const args = ['clients', 'add', '--name', 'ci', '--grant', 'client_credentials']
    const service = [...args, '--confidential', '--workspace', 'default']
    expect(await line.json(service)).toMatchObject({
      client: { workspace: 'default', grantTypes: ['client_credentials'] },
      secret: expect.any(String),
    })
    for (const [more, says] of [
      [['--workspace', 'default'], 'needs a confidential client'],
      [['--confidential'], 'needs the one workspace'],
      [['--confidential', '--workspace', 'nowhere'], 'there is no workspace nowhere'],
    ] as const) {
      const { code, err } = await line.run([...args, ...more])
      expect([code, err.includes(says)]).toEqual([2, true])
    }
  })

  it('that wait are approved or rejected, and revoked, each with an audit row', async () => {
    const ids = (rows: readonly Listed[]) => rows.map(({ id }) => id)
    expect(ids(await listed('--status', 'pending'))).toEqual(['cli_one', 'cli_two'])
    expect(await line.json(['clients', 'approve', 'cli_one'])).toMatchObject({
      client: { id: 'cli_one', status: 'active', origin: 'dynamic' },
    })
    expect(await line.json(['clients', 'reject', 'cli_two'])).toMatchObject({
      client: { status: 'inactive' },
    })
    expect(ids(await listed('--status', 'pending'))).toEqual([])
    const { out } = await line.run(['clients', 'revoke', 'cli_one'])
    expect(out).toBe('cli_one is revoked, from its next call on (cli_one)\n')
    for (const word of ['revoke', 'reject']) {
      const { code, err } = await line.run(['clients', word, 'cli_one'])
      expect([code, err]).toEqual([
        1,
        `sallyport: there is no client "cli_one" to ${word}: see sallyport clients list\n`,
      ])
    }
    const { rows } = await line.json<{ rows: Listed[] }>(['audit', '--target', 'cli_one'])
    expect(rows.map(({ action }) => action)).toEqual([
      'client.revoked',
      'client.approved',
      'client.registered',
    ])
  })

  it.each([
    ['no name', ['clients', 'add', ...redirect], 2, '--name NAME is missing'],
    ['no redirect URI', ['clients', 'add', '--name', 'x'], 2, 'redirect_uris is missing'],
    [
      'foreign http',
      ['clients', 'add', '--name', 'x', '--redirect-uri', 'http://evil.example/'],
      2,
      'is http',
    ],
    [
      'a scheme that runs',
      ['clients', 'add', '--name', 'x', '--redirect-uri', 'javascript:x'],
      2,
      'javascript',
    ],
    ['a name that turns the order', ['clients', 'add', '--name', 'a\u202eb', ...redirect], 2, 'client_name'],
    ['an unknown grant', ['clients', 'add', '--name', 'x', '--grant', 'implicit'], 2, '--grant "implicit"'],
    [
      'a workspace for nothing',
      ['clients', 'add', '--name', 'x', '--workspace', 'default', ...redirect],
      2,
      'only',
    ],
    ['an unknown status', ['clients', 'list', '--status', 'gone'], 2, '--status is not known'],
    ['an unknown id', ['clients', 'approve', 'cli_none'], 1, 'there is no client "cli_none"'],
    ['no id', ['clients', 'approve'], 2, 'takes CLIENT_ID'],
  ] as const)('refuse %s', async (_, args, code, says) => {
    const outcome = await line.run(args)
    expect([outcome.code, outcome.out]).toEqual([code, ''])
    expect(outcome.err).toMatch(/^sallyport: [^\n]+: [^\n]+\n$/)
    expect(outcome.err).toContain(says)
  })

  it('have help, generated from their flags', async () => {
    const { out } = await line.run(['clients', '--help'])
    for (const word of ['add', 'list', 'approve CLIENT_ID', 'reject CLIENT_ID', 'revoke CLIENT_ID']) {
      expect(out).toContain(`clients ${word}`)
    }
    expect((await line.run(['clients', 'add', '--help'])).out).toContain('--redirect-uri URI')
  })
})
