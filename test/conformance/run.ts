import { compare } from './compare.ts'
import type { Comparison } from './compare.ts'
import { exceptions } from './exceptions.ts'
import { startFixture } from './fixture.ts'
import { startFront } from './front.ts'
import { guard } from './guarded.ts'
import { runScenario, runSet, scenariosOf } from './suite.ts'
import type { Finding, Revision } from './suite.ts'

type Findings = ReadonlyMap<string, Finding>

/** Runs one scenario by itself. */
type AskOne = (name: string) => Promise<Finding>

/** More unmet scenarios than this are no accident. */
const accidents = 3

/** Runs a revision's server scenarios against the fixture, directly and with the gateway between. */
export async function runServerLeg(suite: string, revision: Revision): Promise<Comparison> {
  const scenarios = await scenariosOf(suite, revision, 'server')
  const others = scenarios.filter(({ inSet }) => !inSet)
  const ask = async (url: string): Promise<Findings> => {
    const options = ['server', '--url', url]
    const findings = await runSet(suite, options, revision)
    const askOne: AskOne = (name) => runScenario(suite, options, revision, name)
    for (const { name } of others) findings.set(name, await askOne(name))
    return askAgain(findings, askOne)
  }
  // Two upstreams: what a scenario changes in one must not be seen by the same scenario on the other side.
  const [plain, hidden, front] = await Promise.all([startFixture(), startFixture(), startFront()])
  const gateway = await guard(hidden.url, front.url)
  front.passTo(gateway.port, gateway.credential)
  try {
    const [direct, through] = await Promise.all([ask(plain.url), ask(`${front.url}/mcp`)])
    if (hidden.credentials.size === 0 || ![...hidden.credentials].every(isAssertion))
      throw new Error('the upstream has seen a request that was not made by the gateway')
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
    // The suite hands this to a shell.
    const command = `"${process.execPath}" "${script}" ${way}`
    const findings = new Map<string, Finding>()
    const options = ['client', '--command', command]
    const askOne: AskOne = (name) => runScenario(suite, options, revision, name)
    for (const { name } of ours) findings.set(name, await askOne(name))
    return askAgain(findings, askOne)
  }
  const [direct, through] = await Promise.all([ask('direct'), ask('through')])
  return compare({ leg: 'client', revision }, ours, { direct, through }, exceptions)
}

/** Some scenarios measure time, which a busy machine can spoil: what is not met has to be missed twice. */
async function askAgain(findings: Findings, askOne: AskOne): Promise<Findings> {
  const unmet = [...findings].filter(([, { failed, warned }]) => failed.length + warned.length > 0)
  if (unmet.length > accidents) return findings
  const settled = new Map(findings)
  for (const [name] of unmet) settled.set(name, await askOne(name))
  return settled
}

/** Whether a credential is the gateway's word for who calls, and not the key that the front has added. */
function isAssertion(authorization: string): boolean {
  const [head = ''] = authorization.replace(/^Bearer /, '').split('.')
  return Buffer.from(head, 'base64url').toString('utf8').includes('"sallyport-assertion+jwt"')
}
