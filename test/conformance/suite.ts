import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

/** The revisions with a frozen set of requirements; a scenario of both is run once on the wire of each. */
export const revisions = ['2025-11-25', '2026-07-28'] as const
export type Revision = (typeof revisions)[number]

const newest: Revision = '2026-07-28'

/** Which of the two is asked to conform. */
export type Leg = 'server' | 'client'

/** A scenario of a requirement set. Those that are not required run too, and count for nothing in the official score. */
export interface Scenario {
  readonly name: string
  readonly required: boolean
  /** Whether a run of the revision's whole set has it. */
  readonly inSet: boolean
}

/** What one run of a scenario found: `failed` and `warned` hold the checks that were not met, with what was wrong. */
export interface Finding {
  readonly failed: readonly string[]
  readonly warned: readonly string[]
  readonly met: number
}

/** Scenarios that belong to no set, and so have to be asked for by name: the skills extension (SEP-2640). */
const extras: Readonly<Record<Leg, readonly string[]>> = {
  server: ['directory', 'enumeration', 'manifest'].map((name) => `sep-2640-skills-${name}`),
  client: ['no-prefetch', 'verify-digest', 'verify-size', 'verify-frontmatter'].map(
    (name) => `sep-2640-client-${name}`,
  ),
}

const checksSchema = z.array(
  z.object({
    id: z.string(),
    status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
    errorMessage: z.string().optional(),
  }),
)

const setSchema = z.object({
  server: z.array(z.string()),
  client: z.array(z.string()),
  not_scored: z.array(z.object({ scenario: z.string(), leg: z.enum(['server', 'client']) })),
})

/** Where the official suite is; null when it is not installed. */
export function findSuite(): string | null {
  try {
    return dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/package.json')))
  } catch {
    return null
  }
}

/** What a revision requires of one leg, and what runs beside that. */
export async function scenariosOf(suite: string, revision: Revision, leg: Leg): Promise<Scenario[]> {
  const file = await readFile(join(suite, 'requirements', `${revision}.yaml`), 'utf8')
  const set = setSchema.parse(parse(file))
  const others = set.not_scored.filter((entry) => entry.leg === leg)
  // A client takes a process for each scenario: one wire has to do for those that count nowhere.
  const named = leg === 'server' || revision === newest ? extras[leg] : []
  return [
    ...set[leg].map((name) => ({ name, required: true, inSet: true })),
    ...others.map(({ scenario }) => ({ name: scenario, required: false, inSet: true })),
    ...named.map((name) => ({ name, required: false, inSet: false })),
  ]
}

/** Runs a revision's whole set; answers what each scenario found, by its name. */
export async function runSet(
  suite: string,
  options: readonly string[],
  revision: Revision,
): Promise<Map<string, Finding>> {
  const { findings, printed } = await invoke(suite, [...options, '--requirements', revision])
  if (findings.size === 0) throw new Error(`the suite has found nothing:\n${printed}`)
  return findings
}

/** Runs one scenario on the wire of a revision. A run that breaks off, or a client that does, is a failed check too. */
export async function runScenario(
  suite: string,
  options: readonly string[],
  revision: Revision,
  name: string,
): Promise<Finding> {
  // An extension is on no revision's time line, hence the force.
  const choice = ['--scenario', name, '--spec-version', revision, '--force']
  const { findings, printed, succeeded } = await invoke(suite, [...options, ...choice])
  const finding = findings.get(name) ?? { failed: [], warned: [], met: 0 }
  if (succeeded || finding.failed.length + finding.warned.length > 0) return finding
  return { ...finding, failed: [`broke off: ${printed.trim().slice(-1500)}`] }
}

/**
 * Runs the scenarios of authorization servers, of no revision in particular. Whoever calls it plays the person at a
 * browser: `onUrl` gets each authorization request that the suite prints.
 */
export async function runAuthorization(
  suite: string,
  options: readonly string[],
  onUrl: (url: URL) => void,
): Promise<Map<string, Finding>> {
  let rest = ''
  const onPrinted = (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (/^https?:/.test(line)) onUrl(new URL(line.trim()))
  }
  const { findings, printed } = await invoke(suite, ['authorization', ...options], onPrinted)
  if (findings.size === 0) throw new Error(`the suite has found nothing:\n${printed}`)
  return findings
}

interface Outcome {
  readonly findings: Map<string, Finding>
  readonly printed: string
  readonly succeeded: boolean
}

async function invoke(
  suite: string,
  options: readonly string[],
  onPrinted: (text: string) => void = () => {},
): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'))
  try {
    const ended = await run([join(suite, 'dist/index.js'), ...options, '-o', folder], onPrinted)
    const findings = new Map<string, Finding>()
    for (const entry of await readdir(folder, { recursive: true })) {
      // `server-NAME-TIME/checks.json`, `authorization-server-NAME-…`, and of the client leg without a prefix.
      const name = /^(?:(?:authorization-)?server-)?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z\/checks\.json$/.exec(entry)?.[1]
      if (name === undefined) continue
      const checks = checksSchema.parse(JSON.parse(await readFile(join(folder, entry), 'utf8')))
      const of = (status: string) =>
        checks
          .filter((check) => check.status === status)
          .map(({ id, errorMessage = '' }) => `${id}: ${errorMessage}`)
      findings.set(name, { failed: of('FAILURE'), warned: of('WARNING'), met: of('SUCCESS').length })
    }
    return { findings, ...ended }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function run(
  command: readonly string[],
  onPrinted: (text: string) => void,
): Promise<{ printed: string; succeeded: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text
        onPrinted(text)
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ printed, succeeded: code === 0 }))
  })
}
