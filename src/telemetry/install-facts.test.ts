import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { isOptedOut, launchFacts, nodeMajor, operatingSystem, releasedVersion } from './install-facts.ts'
import { readOrMakeInstallId } from './install-id.ts'
import { installationType } from './installation-type.ts'

const host = { pid: 7, platform: 'linux', nodeVersion: '24.1.0', inCheckout: false, inContainer: false }
const launched = (environment: Record<string, string>, inContainer = false) =>
  launchFacts('main', { ...host, environment, inContainer })

describe('how it was launched', () => {
  it.each([
    [{ npm_command: 'exec', npm_lifecycle_event: 'npx' }, 'npx'],
    [{ npm_lifecycle_event: 'demo' }, 'npm'],
    [{ SYSTEMD_EXEC_PID: '7' }, 'service'],
    [{ SYSTEMD_EXEC_PID: '8', INVOCATION_ID: 'x' }, 'other'],
    [{ pm_id: '3' }, 'service'],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 'container'],
    [{}, 'other'],
  ] as const)('%j is %s', (environment, method) => {
    expect(launched(environment).launch_method).toBe(method)
  })

  it('says where it runs, without any value of a variable', () => {
    expect(launched({ CI: 'jane', HOME: 'jane' }, true)).toEqual({
      is_ci: true,
      is_container: true,
      launch_method: 'container',
    })
    expect(launched({ CI: 'false' }).is_ci).toBe(false)
    expect(launchFacts('embedded', { ...host, environment: {} }).launch_method).toBe('embedded')
  })

  it('buckets systems and versions', () => {
    expect([operatingSystem('darwin'), operatingSystem('haiku')]).toEqual(['darwin', 'other'])
    expect([nodeMajor('v24.3.0'), nodeMajor('99.0.0-jane')]).toEqual(['24', 'other'])
  })

  it.each([
    ['1.2.3', false, '1.2.3'],
    ['1.2.3', true, 'dev'],
    ['1.0.0-jane.doe', false, '1.0.0'],
    ['jane', false, 'dev'],
    ['1.2.3.4', false, 'dev'],
  ])('T22: version %s, in a checkout %s, is %s', (version, inCheckout, told) => {
    expect(releasedVersion(version, inCheckout)).toBe(told)
  })

  it('takes a doubtful DO_NOT_TRACK for a no', () => {
    const values = ['1', 'true', 'no', 'x', '0', ' False ', '']
    expect(values.map((value) => isOptedOut({ DO_NOT_TRACK: value }))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
    expect(isOptedOut({})).toBe(false)
  })
})

it.each([
  ['http://127.0.0.1:8787', [], 'local'],
  ['http://localhost', ['localhost'], 'local'],
  ['https://a.example', [], 'self-hosted'],
  ['https://a.example', ['A.Example'], 'cloud'],
  ['https://a.example:8443/x', ['a.example'], 'cloud'],
  ['https://a.example:8443', ['a.example:443'], 'self-hosted'],
  ['https://evil-a.example', ['a.example'], 'self-hosted'],
  ['https://a.example', null, 'unknown'],
  ['http://[::1]', null, 'local'],
  [null, ['a.example'], 'unknown'],
] as const)('T56: an installation at %s, with cloud hosts %j, is %s', (url, hosts, type) => {
  expect(installationType(url === null ? null : new URL(url), hosts)).toBe(type)
})

describe('install_id', () => {
  const inFolder = (work: (file: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-install-'))
    try {
      work(join(folder, 'install-id'))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const make = (file: string) => readOrMakeInstallId(file, systemRandom)

  it('is made once and kept for us alone', () => {
    inFolder((file) => {
      const first = make(file)
      expect(make(file)).toBe(first)
      expect(statSync(file).mode & 0o777).toBe(0o600)
    })
  })

  it('T38: is another in every process where none can be kept', () => {
    inFolder((file) => {
      writeFileSync(file, 'no folder')
      const inside = join(file, 'install-id')
      expect(make(inside)).toMatch(/^[0-9a-f]{32}$/)
      expect(make(inside)).not.toBe(make(inside))
    })
  })

  it('replaces what is no id', () => {
    inFolder((file) => {
      writeFileSync(file, 'jane')
      expect(readFileSync(file, 'utf8')).not.toContain(make(file))
      expect(make(file)).toMatch(/^[0-9a-f]{32}$/)
    })
  })
})
