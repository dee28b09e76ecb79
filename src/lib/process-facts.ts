import { existsSync, readFileSync } from 'node:fs'

/** What tells how this process came to be, and where it runs. */
export interface ProcessFacts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly pid: number
  /** As Node names it: `linux`, `darwin`, `win32`, … */
  readonly platform: string
  readonly nodeVersion: string
  /** Whether the sources run, not what was built from them. */
  readonly inCheckout: boolean
  readonly inContainer: boolean
}

export function readProcessFacts(): ProcessFacts {
  return {
    environment: process.env,
    pid: process.pid,
    platform: process.platform,
    nodeVersion: process.versions.node,
    inCheckout: import.meta.filename.endsWith('.ts'),
    inContainer: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
  }
}

/** What this build is: the version of package.json, and the commit when the build recorded one. */
export function readVersion(): { version: string; commit: string } {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const facts = JSON.parse(text) as { version?: unknown; commit?: unknown }
  const version = typeof facts.version === 'string' ? facts.version : 'unknown'
  return { version, commit: typeof facts.commit === 'string' ? facts.commit : 'unknown' }
}

/** Writes to standard error, whoever has it; a closed pipe is nobody's failure. */
export function writeToStandardError(text: string): void {
  process.stderr.write(text)
}

/** What this process uses now: seconds of processor time, bytes of memory, and when it started in epoch seconds. */
export interface ProcessUsage {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
  readonly startedAtSeconds: number
}

export function readProcessUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const startedAtSeconds = performance.timeOrigin / 1000
  return { cpuSeconds: (user + system) / 1e6, residentBytes: rss, heapBytes: heapUsed, startedAtSeconds }
}
