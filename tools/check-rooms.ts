import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileFindings, readmeFindings, sizeWarning } from './file-rules.ts'
import { importFindings } from './import-rules.ts'
import { roomMap, withMap } from './room-map.ts'
import { readSourceFiles, report } from './source-files.ts'
import type { Finding } from './source-files.ts'

const mapPage = 'ARCHITECTURE.md'

/** Everything that breaks the plan of rooms and floors below a root. With `write`, a stale map is mended instead. */
export function checkRooms(root: string, write = false): Finding[] {
  const inside = readSourceFiles(root, 'src/**/*')
  const outside = readSourceFiles(root, '{test,tools,bench}/**/*.ts')
  return [
    ...inside.flatMap(fileFindings),
    ...readmeFindings(inside),
    ...[...inside, ...outside].filter(({ path }) => path.endsWith('.ts')).flatMap(importFindings),
    ...mapFindings(root, roomMap(inside), write),
  ]
}

function mapFindings(root: string, map: string, write: boolean): Finding[] {
  const file = join(root, mapPage)
  if (!existsSync(file)) return []
  const page = readFileSync(file, 'utf8')
  const fresh = withMap(page, map)
  if (fresh === page) return []
  if (fresh !== null && write) {
    writeFileSync(file, fresh)
    return []
  }
  const message =
    fresh === null
      ? 'has no <!-- rooms --> and <!-- /rooms --> marks for the map of rooms'
      : 'holds a stale map of rooms: run `node tools/check-rooms.ts --write`'
  return [{ path: mapPage, line: 1, message }]
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..')
  const product = readSourceFiles(root, 'src/**/*')
  if (process.argv.includes('--map')) console.log(roomMap(product))
  else {
    const warning = sizeWarning(product)
    if (warning !== null) console.warn(`warning: ${warning}`)
    process.exitCode = report(checkRooms(root, process.argv.includes('--write')))
  }
}
