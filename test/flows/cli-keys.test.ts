import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine } from '../support/command-line.ts'

let line: CommandLine
beforeAll(async () => {
  line = await openCommandLine()
  // Adding users is tested below; the others are put into the store without a process each.
  const location = `sqlite:${join(line.folder, 'sallyport.db')}`
  const store = openStore(location, { clock: systemClock, random: systemRandom })
  await store.migrate()
  for (const name of ['eve', 'kay', 'max', 'off']) {
    const row = {
      id: `usr_${name}`,
      email: `${name}@example.com`,
      workspace: 'default',
      role: 'user',
    } as const
    await store.users.add({ ...row, at: 0 }, { kind: 'system', id: null })
  }
  await store.close()
})
afterAll(() => line.close())

interface Issued {
  readonly key: string
  readonly id: string
  readonly expiresAt: string | null
}
type Listed = Readonly<Record<string, unknown>>

const day = 86_400_000
const create = (email: string, ...more: string[]) =>
  line.json<Issued>(['keys', 'create', '--user', email, ...more])
const listed = async (...more: string[]) =>
  (await line.json<{ keys: Listed[] }>(['keys', 'list', ...more])).keys

describe('users', () => {
  it('are added to a workspace, which is made when new, and listed', async () => {
    const { user } = await line.json<{ user: Listed }>(['users', 'add', ' Ada@Example.com '])
    expect(user).toEqual({ id: user['id'], email: 'ada@example.com', workspace: 'default', role: 'user' })
    expect(user['id']).toMatch(/^usr_[0-9A-Za-z]{20}$/)
    const args = ['users', 'add', 'ada@example.com', '--workspace', 'red', '--role', 'auditor']
    const again = await line.json<{ user: Listed }>(args)
    expect(again.user).toEqual({ ...user, workspace: 'red', role: 'auditor' })
    const { users } = await line.json<{ users: Listed[] }>(['users', 'list'])
    expect(users).toHaveLength(5)
    expect(users.find(({ email }) => email === 'ada@example.com')).toMatchObject({
      id: user['id'],
      email: 'ada@example.com',
      disabledAt: null,
      memberships: [
        { workspace: 'default', role: 'user' },
        { workspace: 'red', role: 'auditor' },
      ],
    })
    expect(JSON.stringify(users)).not.toMatch(/password|secret|hash/i)
  })

  it.each([
    [
      'somebody who is there already',
      ['users', 'add', 'ada@example.com'],
      1,
      'is in workspace default already',
    ],
    ['what is no e-mail address', ['users', 'add', 'ada'], 2, 'is no e-mail address'],
    ['a bad workspace', ['users', 'add', 'b@example.com', '--workspace', '../x'], 2, 'is no workspace name'],
    ['an unknown role', ['users', 'add', 'b@example.com', '--role', 'root'], 2, '--role is not known'],
    [
      'disabling nobody',
      ['users', 'disable', 'nobody@example.com'],
      1,
      'there is no user nobody@example.com',
    ],
  ] as const)('refuses %s', async (_, args, code, says) => {
    const outcome = await line.run(args)
    expect([outcome.code, outcome.out]).toEqual([code, ''])
    expect(outcome.err).toMatch(/^sallyport: [^\n]+: [^\n]+\n$/)
    expect(outcome.err).toContain(says)
  })
})

describe('keys', () => {
  it('are shown once and never again', async () => {
    const before = Date.now()
    const args = [
      '--name',
      'laptop',
      '--scope',
      'code:read',
      '--scope',
      'a',
      '--upstream',
      'code',
      '--expires-in',
      '12h',
    ]
    const issued = await create('eve@example.com', ...args)
    expect(Object.keys(issued).toSorted()).toEqual(['expiresAt', 'id', 'key'])
    expect(issued.key).toMatch(/^sp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/)
    expect(Math.abs(Date.parse(issued.expiresAt ?? '') - before - day / 2)).toBeLessThan(60_000)
    const [row, ...others] = await listed('--user', 'Eve@example.com')
    expect(others).toEqual([])
    expect(row).toMatchObject({
      id: issued.id,
      name: 'laptop',
      scopes: ['code:read', 'a'],
      upstreams: ['code'],
    })
    expect(row).toMatchObject({
      user: 'eve@example.com',
      workspace: 'default',
      status: 'active',
      lastUsedAt: null,
    })
    const secret = issued.key.slice(16)
    const { out, err } = await line.run(['keys', 'list'], { SALLYPORT_LOG_LEVEL: 'debug' })
    expect(out).toContain(
      `${issued.id}  eve@example.com  default  laptop  active  expires ${issued.expiresAt}`,
    )
    for (const text of [out, err, JSON.stringify(row)]) expect(text).not.toContain(secret)
    expect((await readFile(join(line.folder, 'sallyport.db'))).includes(secret)).toBe(false)
  })

  it('of somebody in several workspaces need one named', async () => {
    const args = ['keys', 'create', '--user', 'ada@example.com']
    const { code, err } = await line.run(args)
    expect([code, err]).toEqual([
      1,
      'sallyport: ada@example.com is in several workspaces: name one with --workspace: default, red\n',
    ])
    const foreign = await line.run([...args, '--workspace', 'blue'])
    expect([foreign.code, foreign.err]).toEqual([
      1,
      'sallyport: ada@example.com is not in blue: name one with --workspace: default, red\n',
    ])
    await create('ada@example.com', '--workspace', 'red', '--expires-in', 'never')
    const [row] = await listed('--user', 'ada@example.com')
    expect(row).toMatchObject({ workspace: 'red', expiresAt: null })
  })

  it('tell people how to use them, with the secret on standard output alone', async () => {
    const { code, out, err } = await line.run([
      'keys',
      'create',
      '--user',
      'ada@example.com',
      '--workspace',
      'red',
    ])
    expect(code).toBe(0)
    const key = out.split('\n')[0] ?? ''
    expect(key).toMatch(/^sp_/)
    expect(out).toContain(`Authorization: Bearer ${key}`)
    expect(out).toContain('http://127.0.0.1:8787/mcp')
    expect(err).toContain('the only time the key is shown')
    expect(err).not.toContain(key.slice(16))
  })

  it('rotate into a successor of the same rights, and are revoked once', async () => {
    const old = await create('kay@example.com', '--name', 'ci', '--scope', 'x', '--expires-in', '90d')
    const next = await line.json<Issued>(['keys', 'rotate', old.id])
    expect(next.id).not.toBe(old.id)
    const span = Date.parse(next.expiresAt ?? '') - Date.now()
    expect(Math.abs(span - 90 * day)).toBeLessThan(60_000)
    const rows = await listed('--user', 'kay@example.com')
    const byId = (id: string) => rows.find((row) => row['id'] === id)
    expect(byId(old.id)).toMatchObject({ status: 'rotated', replacedBy: next.id })
    expect(byId(next.id)).toMatchObject({ status: 'active', name: 'ci', scopes: ['x'] })

    expect(await line.json(['keys', 'revoke', next.id])).toEqual({ revoked: { id: next.id } })
    for (const verb of ['revoke', 'rotate']) {
      const { code, err } = await line.run(['keys', verb, next.id])
      expect([code, err.split('\n').length]).toEqual([1, 2])
      expect(err).toMatch(/^sallyport: (?:there is no active key|key \S+ is not active)/)
    }
  })

  it('are limited for each user; a revoked one makes room', async () => {
    const most = { SALLYPORT_AUTH_API_KEYS_MAX_PER_USER: '1' }
    const { id } = await create('max@example.com')
    const args = ['keys', 'create', '--user', 'max@example.com', '--json']
    const full = await line.run(args, most)
    expect([full.code, full.out]).toEqual([1, ''])
    expect(full.err).toBe(
      'sallyport: max@example.com holds 1 active keys already: revoke one, or raise auth.apiKeys.maxPerUser\n',
    )
    await line.json(['keys', 'revoke', id])
    expect((await line.run(args, most)).code).toBe(0)
  })

  it('are not made for somebody who is disabled', async () => {
    const disabled = await line.json<{ user: Listed }>(['users', 'disable', 'off@example.com'])
    expect(disabled.user).toMatchObject({ email: 'off@example.com', disabled: true })
    const { code, err } = await line.run(['keys', 'create', '--user', 'off@example.com'])
    expect([code, err]).toEqual([
      1,
      'sallyport: off@example.com is disabled: sallyport users enable off@example.com\n',
    ])
    await line.json(['users', 'enable', 'off@example.com'])
    await create('off@example.com')
  })

  it.each([
    ['no user', ['keys', 'create'], 2, '--user EMAIL is missing'],
    ['nobody', ['keys', 'create', '--user', 'no@example.com'], 1, 'there is no user'],
    [
      'a span that is none',
      ['keys', 'create', '--user', 'eve@example.com', '--expires-in', 'soon'],
      2,
      'span of time',
    ],
    [
      'a scope with a space',
      ['keys', 'create', '--user', 'eve@example.com', '--scope', 'a b'],
      2,
      'is no scope',
    ],
    ['a bad upstream', ['keys', 'create', '--user', 'eve@example.com', '--upstream', 'A/B'], 2, 'lower-case'],
    ['an empty name', ['keys', 'create', '--user', 'eve@example.com', '--name', ' '], 2, '--name must have'],
    ['an unknown id', ['keys', 'revoke', 'no-such-id'], 1, 'there is no active key "no-such-id"'],
    [
      'a whole key for an id',
      ['keys', 'rotate', `sp_${'a'.repeat(12)}_${'b'.repeat(49)}`],
      1,
      'sp_[redacted]',
    ],
  ] as const)('refuse %s', async (_, args, code, says) => {
    const outcome = await line.run(args)
    expect([outcome.code, outcome.out]).toEqual([code, ''])
    expect(outcome.err).toMatch(/^sallyport: [^\n]+: [^\n]+\n$/)
    expect(outcome.err).toContain(says)
    expect(outcome.err).not.toContain('b'.repeat(49))
  })
})
