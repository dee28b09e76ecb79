import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One file of the checkout. */
export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** What is wrong, and where. Line 1 stands for the file as a whole. */
export interface Finding {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** The files that match the pattern, in the order of their paths. */
export function readSourceFiles(root: string, pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      path: path.slice(root.length + 1).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }))
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

/** How many lines a text has; a last line break ends a line and begins none. */
export function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}

/** The line, from 1, that an offset of the text stands on. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Prints `file:line: message` for each and answers the exit code. */
export function report(findings: readonly Finding[]): number {
  for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`)
  return findings.length === 0 ? 0 : 1
}
