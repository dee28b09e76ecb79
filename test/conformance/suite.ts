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

/** Which of the two is asked to conform. */
export type Leg = 'server' | 'client'

/** A scenario of a requirement set. Those that are not required run too, and count for nothing in the official score. */
export interface Scenario {
  readonly name: string
  readonly required: boolean
}

/** What one run of a scenario found: `failed` and `warned` hold the checks that were not met, with what was wrong. */
export interface Finding {
  readonly failed: readonly string[]
  readonly warned: readonly string[]
  readonly met: number
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
  return [
    ...set[leg].map((name) => ({ name, required: true })),
    ...others.map(({ scenario }) => ({ name: scenario, required: false })),
  ]
}

/**
 * Runs the suite's command line and reads what each scenario found, by its name. Rejects, with what was printed, when
 * the suite has left nothing to read.
 */
export async function runSuite(suite: string, options: readonly string[]): Promise<Map<string, Finding>> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'))
  try {
    const printed = await run([join(suite, 'dist/index.js'), ...options, '-o', folder])
    const findings = new Map<string, Finding>()
    for (const entry of await readdir(folder, { recursive: true })) {
      // `server-NAME-TIME/checks.json`; of the client leg without the prefix, and with a folder more for `auth/…`.
      const name = /^(?:server-(?=.*\/))?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z\/checks\.json$/.exec(entry)?.[1]
      if (name === undefined) continue
      const checks = checksSchema.parse(JSON.parse(await readFile(join(folder, entry), 'utf8')))
      const of = (status: string) =>
        checks
          .filter((check) => check.status === status)
          .map(({ id, errorMessage = '' }) => `${id}: ${errorMessage}`)
      findings.set(name, { failed: of('FAILURE'), warned: of('WARNING'), met: of('SUCCESS').length })
    }
    if (findings.size === 0) throw new Error(`the suite has found nothing:\n${printed}`)
    return findings
  } finally {
    await rm(folder, { recursive: true })
  }
}

function run(command: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text
      })
    }
    child.on('error', reject)
    child.on('close', () => resolve(printed))
  })
}
