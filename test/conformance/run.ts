import { compare } from './compare.ts'
import type { Comparison } from './compare.ts'
import { exceptions } from './exceptions.ts'
import { startFixture } from './fixture.ts'
import { startFront } from './front.ts'
import { guard } from './guarded.ts'
import { runSuite, scenariosOf } from './suite.ts'
import type { Finding, Revision } from './suite.ts'

type Findings = ReadonlyMap<string, Finding>

/** Runs a revision's server scenarios against the fixture, directly and with the gateway between. */
export async function runServerLeg(suite: string, revision: Revision): Promise<Comparison> {
  const ask = (url: string) => runSuite(suite, ['server', '--url', url, '--requirements', revision])
  // Two upstreams: what a scenario changes in one must not be seen by the same scenario on the other side.
  const [plain, hidden, front] = await Promise.all([startFixture(), startFixture(), startFront()])
  const gateway = await guard(hidden.url, front.url)
  front.passTo(gateway.port, gateway.credential)
  try {
    const [direct, through] = await Promise.all([ask(plain.url), ask(`${front.url}/mcp`)])
    const scenarios = await scenariosOf(suite, revision, 'server')
    return compare({ leg: 'server', revision }, scenarios, { direct, through }, exceptions)
  } finally {
    await front.close()
    await gateway.close()
    await Promise.all([plain.close(), hidden.close()])
  }
}

/** Runs a revision's client scenarios with the SDK's client, directly and with the gateway between. */
export async function runClientLeg(suite: string, revision: Revision): Promise<Comparison> {
  const scenarios = await scenariosOf(suite, revision, 'client')
  // The `auth/…` scenarios are about a client of OAuth, which the gateway is not: it has a credential of its own.
  const ours = scenarios.filter(({ name }) => !name.startsWith('auth/'))
  const script = `${import.meta.dirname}/client-process.ts`
  const ask = async (way: 'direct' | 'through'): Promise<Findings> => {
    const findings = new Map<string, Finding>()
    for (const { name } of ours) {
      const command = [process.execPath, script, way].join(' ')
      const options = ['--command', command, '--scenario', name, '--spec-version', revision]
      for (const [found, finding] of await runSuite(suite, ['client', ...options])) findings.set(found, finding)
    }
    return findings
  }
  const [direct, through] = await Promise.all([ask('direct'), ask('through')])
  return compare({ leg: 'client', revision }, ours, { direct, through }, exceptions)
}
