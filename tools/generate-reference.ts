import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { configurationPage } from './reference/configuration.ts'
import { databasePage } from './reference/database.ts'
import { errorsPage } from './reference/errors.ts'
import { httpPage } from './reference/http.ts'
import { metricsPage, signalsPage } from './reference/telemetry.ts'
import { report } from './source-files.ts'
import type { Finding } from './source-files.ts'

const folder = 'docs/reference'

/** The generated pages of the reference, by file name. */
export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  return {
    'configuration.md': configurationPage(),
    'database.md': await databasePage(),
    'errors.md': errorsPage(),
    'http.md': httpPage(),
    'metrics.md': metricsPage(),
    'signals.md': signalsPage(),
  }
}

/** The pages below a root that are not what they would be if made now. */
export function stalePages(root: string, pages: Readonly<Record<string, string>>): Finding[] {
  return Object.entries(pages)
    .filter(([name, text]) => textOf(join(root, folder, name)) !== text)
    .map(([name]) => ({ path: `${folder}/${name}`, line: 1, message: 'is stale: run `npm run generate`' }))
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..')
  const pages = await referencePages()
  if (process.argv.includes('--check')) process.exitCode = report(stalePages(root, pages))
  else {
    mkdirSync(join(root, folder), { recursive: true })
    for (const [name, text] of Object.entries(pages)) writeFileSync(join(root, folder, name), text)
  }
}
