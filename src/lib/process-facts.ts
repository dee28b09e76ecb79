import { readFileSync } from 'node:fs'

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
