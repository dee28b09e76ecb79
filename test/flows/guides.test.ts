import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { openCommandLine } from '../support/command-line.ts'
import { blocksOf, openGuideShell, readGuide } from '../support/guide-shell.ts'
import type { GuideShell } from '../support/guide-shell.ts'
import { personAt } from '../support/person.ts'
import type { Person } from '../support/person.ts'

const run = promisify(execFile)
const checkout = fileURLToPath(new URL('../..', import.meta.url))

describe('the commands of a guide, beside the demo', () => {
  let ends: AsyncDisposableStack
  let shell: GuideShell
  let ada: Person

  beforeEach(async () => {
    ends = new AsyncDisposableStack()
    const line = await openCommandLine()
    ends.defer(() => line.close())
    const demo = line.start(['demo', '--json', '--port', '0'])
    ends.defer(async () => {
      demo.process.kill('SIGTERM')
      await demo.ended
    })
    const { gateway, users } = JSON.parse(await demo.firstLine) as {
      gateway: string
      users: { email: string; password: string }[]
    }
    const { email = '', password = '' } = users[0] ?? {}
    ada = personAt(gateway, email, { password })
    shell = openGuideShell(line.folder, gateway, { SALLYPORT_STORE: 'sqlite:.sallyport-demo/sallyport.db' })
  })
  afterEach(() => ends.disposeAsync())

  /** Pastes the block with that text in it, which is one. */
  const pasting = (guide: string) => {
    const blocks = blocksOf(readGuide(guide), 'sh')
    return (text: string, onOutput?: (all: string) => void) => {
      const [block = '', ...others] = blocks.filter((one) => one.includes(text))
      expect([text, block !== '', others.length]).toEqual([text, true, 0])
      return shell.paste(block, onOutput)
    }
  }
  const reason = (answer: string) =>
    (JSON.parse(answer) as { error: { data: { reason: string } } }).error.data.reason

  it('device-flow: a code, its person, a token, a call, a new token, the end', async () => {
    const paste = pasting('device-flow')
    expect(await paste('clients add')).toMatch(/^cli_\w{20}\n$/)
    expect(await paste('/oauth/register')).toContain('"client_id":"dyn_')
    const asked = JSON.parse(await paste('tee device.json')) as { user_code: string }
    expect(await paste('DEVICE_CODE=')).toContain('"error":"authorization_pending"')
    expect(await paste('DEVICE_CODE=')).toContain('"error":"slow_down"')
    await ada.connectDevice(asked.user_code)
    expect(await paste('DEVICE_CODE=')).toContain('"refresh_token":"')
    expect(await paste('DEVICE_CODE=')).toContain('"error":"invalid_grant"')

    let connecting: Promise<unknown> | null = null
    const said = await paste('sign-in.sh', (all) => {
      const code = /enter (\S+)\n/.exec(all)?.[1]
      if (code !== undefined) connecting ??= ada.connectDevice(code)
    })
    await connecting
    expect(said).toMatch(/^Open http:\S+\/device and enter [A-Z]{4}-[A-Z]{4}\nSigned in\.\n$/)
    expect(await paste('initialize')).toContain('"protocolVersion":"2025-11-25"')
    expect(await paste('refresh_token=')).toBe('')
    expect(await paste('initialize')).toContain('"protocolVersion":"2025-11-25"')
    expect(await paste('/oauth/revoke')).toBe('')
    expect(reason(await paste('initialize'))).toBe('revoked_token')
  })

  it('service-to-service: a client, a token, a call, the end of each', async () => {
    const paste = pasting('service-to-service')
    expect(await paste('clients add')).toBe('')
    expect(await paste('tee token.json')).toContain('"access_token":"')
    expect(await paste('initialize')).toContain('"protocolVersion":"2025-11-25"')
    expect(JSON.parse(await paste('/oauth/introspect'))).toMatchObject({
      active: true,
      sub: `svc_${await shell.variable('CLIENT_ID')}`,
      workspace: 'analytical',
    })

    const [program = ''] = blocksOf(readGuide('service-to-service'), 'js')
    const names = ['GATEWAY', 'CLIENT_ID', 'CLIENT_SECRET']
    const values = await Promise.all(names.map((name) => shell.variable(name)))
    const env = { ...process.env, ...Object.fromEntries(names.map((name, place) => [name, values[place]])) }
    const args = ['--input-type=module', '--eval', program]
    const { stdout, stderr } = await run(process.execPath, args, { cwd: checkout, env })
    expect(stdout).toContain("'whoami'")
    expect(stderr).toBe('')

    expect(await paste('/oauth/revoke')).toBe('')
    expect(JSON.parse(await paste('/oauth/introspect'))).toEqual({ active: false })
    expect(reason(await paste('initialize'))).toBe('revoked_token')
    expect(await paste('tee token.json')).toContain('"access_token":"')
    expect(await paste('clients revoke')).toContain('Nightly report is revoked')
    expect(reason(await paste('initialize'))).toBe('client_inactive')
    expect(await paste('tee token.json')).toContain('"error":"invalid_client"')
  })
})

describe('a configuration that a guide prints', () => {
  const printed = ['running', 'sign-in', 'connect-clients'].flatMap((guide) =>
    blocksOf(readGuide(guide), 'yaml').map((source, place) => ({ guide, place, source })),
  )

  it.each(printed)('$guide, $place: can be used', ({ source }) => {
    const loaded = loadConfig({
      flags: new Map(),
      upstreamFlags: [],
      environment: {},
      file: { name: 'sallyport.yaml', source },
      readSecretFile: () => '',
    })
    expect('problems' in loaded ? loaded.problems : []).toEqual([])
  })
})
