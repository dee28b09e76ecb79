import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLocalProvider } from '../../src/identity/local-provider.ts'
import { createPasswordHashing, hashingCost } from '../../src/identity/password-hashing.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { Secret } from '../../src/lib/secret.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine } from '../support/command-line.ts'

const program = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))
const password = 'correct horse battery'
const upstream = ['--upstream', 'code=http://127.0.0.1:9/mcp', '--port', '0', '--requests-drain-seconds', '0']

let line: CommandLine
beforeEach(async () => {
  line = await openCommandLine()
  await onStore((store) => store.migrate())
})
afterEach(() => line.close())

/** What our own sign-in says of a password, on the store the command line wrote. */
async function onStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = openStore(`sqlite:${join(line.folder, 'sallyport.db')}`, {
    clock: systemClock,
    random: systemRandom,
  })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function check(email: string, text: string) {
  return onStore(async ({ passwords }) => {
    const hashing = createPasswordHashing(hashingCost, { random: systemRandom })
    const addressGroup = (address: string) => address
    const local = createLocalProvider({ issuer: 'x' }, { passwords, hashing, addressGroup })
    const verdict = await local.check(email, new Secret(text), { address: '::1', userAgent: '' })
    return 'vouched' in verdict ? 'right' : verdict
  })
}

describe('auth 17: a password at the command line', () => {
  it('is read from standard input, when a user is made and later', async () => {
    const added = await line.pipe(`${password}\n`, ['users', 'add', 'a@example.com', '--password-stdin'])
    expect([added.code, added.err]).toEqual([0, ''])
    expect(added.out).not.toContain(password)
    expect(await check('a@example.com', password)).toBe('right')

    const other = 'battery horse correct'
    const set = await line.pipe(other, [
      'users',
      'set-password',
      'A@example.com',
      '--password-stdin',
      '--json',
    ])
    expect(set.code).toBe(0)
    expect(JSON.parse(set.out)).toEqual({
      user: { id: expect.stringMatching(/^usr_/), email: 'a@example.com' },
    })
    expect(await check('a@example.com', password)).toEqual({ refused: 'wrong' })
    expect(await check('a@example.com', other)).toBe('right')
  })

  it('is none unless there was one', async () => {
    await line.json(['users', 'add', 'b@example.com'])
    expect(await onStore(({ passwords }) => passwords.find('b@example.com'))).toBeUndefined()
  })

  it('closes every session of its user', async () => {
    await line.pipe(password, ['users', 'add', 'a@example.com', '--password-stdin'])
    await onStore(async ({ users, loginSessions }) => {
      const user = (await users.findByEmail('a@example.com'))?.user
      const now = Date.now()
      const times = { startedAt: now, lastSeenAt: now, idleEndsAt: now + 1e6, absoluteEndsAt: now + 1e6 }
      const facts = {
        provider: 'local',
        remembered: false,
        deviceName: '',
        address: '',
        fingerprint: '',
      } as const
      const session = { id: 'ses_1', userId: user?.id ?? '', cookieHash: 'h', ...facts, ...times }
      await loginSessions.start({ session, passwordSetAt: null, replacesHash: null }, () => null, {
        kind: 'system',
        id: null,
      })
    })
    await line.pipe('battery horse correct', ['users', 'set-password', 'a@example.com', '--password-stdin'])
    const found = await onStore(({ loginSessions }) => loginSessions.find('h'))
    expect(found?.session.closedAs).toBe('password_changed')
  })

  it.each([
    [
      'too short',
      ['users', 'add', 'c@example.com', '--password-stdin'],
      'short',
      2,
      'at least 12 characters',
    ],
    ['missing', ['users', 'set-password', 'c@example.com'], '', 2, '--password-stdin is missing'],
    ['empty', ['users', 'add', 'c@example.com', '--password-stdin'], '', 2, 'at least 12 characters'],
    ["nobody's", ['users', 'set-password', 'no@example.com', '--password-stdin'], password, 1, 'no user'],
  ] as const)('is refused when it is %s, and nothing is changed', async (_, args, text, code, says) => {
    const outcome = await line.pipe(text, args)
    expect([outcome.code, outcome.out]).toEqual([code, ''])
    expect(outcome.err).toMatch(/^sallyport: [^\n]+: [^\n]+\n$/)
    expect(outcome.err).toContain(says)
    expect((await line.json<{ users: [] }>(['users', 'list'])).users).toEqual([])
  })

  it('is not given to somebody who has an account already', async () => {
    await line.json(['users', 'add', 'a@example.com'])
    const args = ['users', 'add', 'a@example.com', '--workspace', 'red', '--password-stdin']
    const outcome = await line.pipe(password, args)
    expect([outcome.code, outcome.err]).toEqual([1, expect.stringContaining('has an account already')])
    expect(await onStore(({ passwords }) => passwords.find('a@example.com'))).toBeUndefined()
  })

  it('is in the help', async () => {
    const { out } = await line.run(['users', '--help'])
    expect(out).toContain('users set-password')
    expect((await line.run(['users', 'add', '--help'])).out).toContain('--password-stdin')
  })
})

describe('auth 17: the first administrator', () => {
  it('is made by a command that the first run prints, until there is one', async () => {
    const hint = 'sallyport users add EMAIL --role admin --password-stdin'
    const first = line.start(['serve', ...upstream])
    await first.said('Next:')
    first.process.kill('SIGTERM')
    expect((await first.ended).err).toContain(hint)
    expect((await line.json<{ users: [] }>(['users', 'list'])).users).toEqual([])

    await line.pipe(password, ['users', 'add', 'a@example.com', '--role', 'admin', '--password-stdin'])
    const second = line.start(['serve', ...upstream])
    await second.said('Next:')
    second.process.kill('SIGTERM')
    expect((await second.ended).err).not.toContain('No administrator')
  })

  it.skipIf(!existsSync('/usr/bin/script'))(
    'is made with a password for one sign-in when a person is at the terminal',
    async () => {
      const command = [process.execPath, program, 'serve', ...upstream].join(' ')
      const terminal = spawn('/usr/bin/script', ['-qfec', command, '/dev/null'], {
        cwd: line.folder,
        env: { PATH: process.env['PATH'] ?? '', HOME: line.folder },
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      let said = ''
      await new Promise<void>((resolve) => {
        terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text
          if (said.includes('Next:')) resolve()
        })
      })
      const ended = new Promise((resolve) => terminal.on('close', resolve))
      // What a person at the terminal types to end it.
      terminal.stdin.write('\x03')
      await ended
      const [, email = '', oneTime = ''] = /^ {2}(\S+@localhost) {2}(\S{20})\r?$/m.exec(said) ?? []
      expect(email).toBe('admin@localhost')
      expect(await onStore(({ users }) => users.findByEmail(email))).toMatchObject({
        memberships: [{ workspace: 'default', role: 'admin' }],
      })
      expect(await check(email, oneTime)).toBe('right')
      expect(await check(email, oneTime)).toEqual({ refused: 'wrong' })
    },
  )
})

it('auth 18: an administrator signs somebody out, who must be there', async () => {
  await line.json(['users', 'add', 'ada@example.com'])
  const signedOut = await line.json<{ user: { email: string }; appsRevoked: number }>([
    'users',
    'sign-out',
    'ada@example.com',
    '--apps',
  ])
  expect(signedOut).toMatchObject({ user: { email: 'ada@example.com' }, appsRevoked: 0 })
  const nobody = await line.run(['users', 'sign-out', 'nobody@example.com'])
  expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('there is no user')])
  await onStore(async ({ audit }) => {
    expect(await audit.list({ action: 'user.signed_out', limit: 5 })).toHaveLength(1)
  })
})
