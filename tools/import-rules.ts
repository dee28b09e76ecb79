import { posix } from 'node:path'
import { floors, onlyFor, placeOf } from './rooms.ts'
import { isTest, lineAt } from './source-files.ts'
import type { Finding, SourceFile } from './source-files.ts'

interface Import {
  readonly specifier: string
  readonly line: number
}

/** Statements, re-exports, and `import('…')` as a call or a type: a type is an import like any other. */
const importPattern =
  /^(?:import|export)\b[^'"`]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

function importsOf(text: string): Import[] {
  return Array.from(text.matchAll(importPattern), (match) => ({
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    line: lineAt(text, match.index + match[0].length),
  }))
}

/** What each import of the file breaks: floors, doors, or the wall around `src/`. */
export function importFindings({ path, text }: SourceFile): Finding[] {
  return importsOf(text)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .flatMap(({ specifier, line }) => {
      const message = problemOf(path, posix.join(posix.dirname(path), specifier))
      return message === null ? [] : [{ path, line, message }]
    })
}

function problemOf(from: string, to: string): string | null {
  const own = placeOf(from)
  const other = placeOf(to)
  const isProduct = own !== null && !isTest(from)
  if (other === null) {
    return isProduct && to !== 'package.json' ? `imports ${to}, which is outside src` : null
  }
  if (own?.room === other.room) return null
  if (other.isPrivate) return `imports ${to}, which is private to ${other.room}`
  if (!isProduct) return null
  const visitors = onlyFor[other.room]
  if (visitors !== undefined && !visitors.includes(own.room)) {
    return `imports ${to}, but only ${visitors.join(' and ')} may import ${other.room}`
  }
  const [ownFloor, otherFloor] = [floors[own.room], floors[other.room]]
  if (ownFloor === undefined || otherFloor === undefined || otherFloor < ownFloor) return null
  return `imports ${to}: ${own.room} (floor ${ownFloor}) may not import ${other.room} (floor ${otherFloor})`
}
