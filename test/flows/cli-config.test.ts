import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine, Variables } from '../support/command-line.ts'

let line: CommandLine
beforeAll(async () => {
  line = await openCommandLine()
})
afterAll(() => line.close())

const write = (name: string, text: string) => writeFile(join(line.folder, name), text)

/** Starts serving, stops once it listens, and answers what it printed. */
async function served(args: readonly string[], variables: Variables = {}) {
  const command = line.start(['serve', '--json', ...args], variables)
  const answer = JSON.parse(await command.firstLine) as { listening: string; publicUrl: string }
  command.process.kill('SIGTERM')
  const { code, out, err } = await command.ended
  expect([code, out.split('\n').length]).toEqual([0, 2])
  return { ...answer, err }
}

describe('serve', () => {
  it('needs nothing but an upstream', async () => {
    const { listening, publicUrl } = await served([
      '--upstream',
      'code=http://127.0.0.1:1/mcp',
      '--port',
      '0',
    ])
    expect(listening).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(publicUrl).toBe(listening)
  })

  it('without one says how to name it', async () => {
    const { code, err } = await line.run(['serve'])
    expect([code, err]).toEqual([
      1,
      'sallyport: no upstream is configured: name one with --upstream NAME=URL, or under upstreams: in the configuration file\n',
    ])
  })

  it('takes flag before variable before file before default', async () => {
    await write(
      'sallyport.yaml',
      [
        'listen: { host: localhost, port: 0 }',
        'publicUrl: https://file.example/',
        'upstreams:',
        '  - { name: code, url: "http://127.0.0.1:1/mcp" }',
      ].join('\n'),
    )
    const variable = { SALLYPORT_PUBLIC_URL: 'https://variable.example' }
    expect((await served([])).publicUrl).toBe('https://file.example')
    expect((await served([], variable)).publicUrl).toBe('https://variable.example')
    const flag = ['--public-url', 'https://flag.example/base/', '--host', '127.0.0.1']
    expect(await served(flag, variable)).toMatchObject({ publicUrl: 'https://flag.example/base' })
    await write('other.yaml', 'publicUrl: https://other.example\nlisten: { port: 0 }\n')
    const other = ['--config', 'other.yaml', '--upstream', 'code=http://127.0.0.1:1/mcp']
    expect((await served(other)).publicUrl).toBe('https://other.example')
    await write('sallyport.yaml', '')
  })
})

describe('a configuration that cannot be used', () => {
  it('is complained of all at once, with lines, variables and flags', async () => {
    await write(
      'bad.yaml',
      [
        'publicUrl: http://mcp.example.com',
        'listen:',
        '  port: off',
        'limts: { enabled: true }',
        'auth: { adminToken: "${ADMIN_TOKEN}" }',
        'upstreams:',
        '  - { name: code, url: "<URL>", idenity: none }',
      ].join('\n'),
    )
    const variables = { SALLYPORT_LOG_LEVEL: 'loud', SALLYPORT_SECRETS_KEY_FILE: 'no-such-file' }
    const { code, err, out } = await line.run(['serve', '--config', 'bad.yaml', '--host', ''], variables)
    expect([code, out]).toEqual([1, ''])
    for (const said of [
      'bad.yaml:1: publicUrl: must be https',
      'bad.yaml:3: listen.port: must be a whole number',
      'bad.yaml:4: limts.enabled: is no option of this version; did you mean limits.enabled?',
      'bad.yaml:5: auth.adminToken: still holds a placeholder',
      'bad.yaml:7: upstreams[0].url: still holds a placeholder',
      'did you mean identity?',
      'SALLYPORT_LOG_LEVEL: log.level: must be one of',
      'SALLYPORT_SECRETS_KEY_FILE: cannot be read (ENOENT)',
      '--host: listen.host: must be',
    ])
      expect(err).toContain(said)
    expect(err).toMatch(
      /^sallyport: the configuration cannot be used: [^\n]*: correct the options named[^\n]*\n$/,
    )
    expect(err.split('sallyport: ')).toHaveLength(2)
    expect(err).not.toMatch(/\n {4}at /)
  })

  it.each([
    ['a file that is not there', ['users', 'list', '--config', 'none.yaml'], {}, 'none.yaml cannot be read'],
    ['a file that is no YAML', ['users', 'list', '--config', 'broken.yaml'], {}, 'broken.yaml:2: '],
    ['a short secret', ['users', 'list'], { SALLYPORT_SECRETS_KEY: 'hunter2' }, 'must have at least 32'],
    [
      'two sources of one secret',
      ['users', 'list'],
      { SALLYPORT_STORE: 'sqlite:a', SALLYPORT_STORE_FILE: 'b' },
      'keep one',
    ],
    [
      'a store of an unknown kind',
      ['users', 'list', '--store', 'mysql://u:hunter2@h/d'],
      {},
      'must be sqlite:FILE',
    ],
    [
      'a folder that is not there',
      ['users', 'list', '--store', 'sqlite:no/such/x.db'],
      {},
      'The store file cannot be opened',
    ],
  ] as const)('%s', async (_, args, variables, says) => {
    await write('broken.yaml', 'a: 1\n\tb: 2\n')
    const { code, err, out } = await line.run(args, variables)
    // A complaint about a flag is wrong usage; one about a file or variable is a failure.
    const isUsage = says === 'must be sqlite:FILE'
    expect([code, out]).toEqual([isUsage ? 2 : 1, ''])
    expect(err).toMatch(/^sallyport: /)
    expect(err).toContain(says)
    expect(err).not.toContain('hunter2')
    expect(err).not.toContain('please report')
  })
})

describe('secrets from files', () => {
  it('are read, and neither printed nor logged', async () => {
    const secret = 'a-secrets-key-from-a-file-0123456789'
    await write('key.txt', `${secret}\n`)
    const variables = {
      SALLYPORT_SECRETS_KEY_FILE: join(line.folder, 'key.txt'),
      SALLYPORT_LOG_LEVEL: 'debug',
    }
    const args = ['--port', '0', '--upstream', 'code=http://127.0.0.1:1/mcp', '--store', 'sqlite:secret.db']
    const { err } = await served(args, variables)
    expect(err).not.toContain(secret)
    // The store's keys are sealed with it: with another key they cannot be opened.
    const wrong = await line.run(['serve', ...args], { SALLYPORT_SECRETS_KEY: secret.replace('a', 'b') })
    expect(wrong.code).toBe(1)
    expect(wrong.err).toMatch(/^sallyport: [^\n]+: [^\n]+\n$/)
  })
})
