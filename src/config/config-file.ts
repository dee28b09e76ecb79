import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Node } from 'yaml'

/** One value of the file, with the line it stands on. */
export interface FileEntry {
  readonly raw: unknown
  readonly line: number
  /** Of a list: the line of each item. */
  readonly itemLines?: readonly number[]
}

export interface ConfigFile {
  /** Every leaf outside `upstreams`, by dotted key. */
  readonly entries: ReadonlyMap<string, FileEntry>
  /** The entries of `upstreams`, each a record of leaves; null when the file has none. */
  readonly upstreams: readonly ReadonlyMap<string, FileEntry>[] | null
  readonly problems: readonly { line: number; message: string }[]
}

/** Lists of an upstream whose absence means everybody. */
const guardingLists = new Set(['workspaces', 'scopes', 'accept'])

/** Reads YAML 1.2 (`off` is a word) into leaves that remember their line. Aliases are bounded by the library. */
export function readConfigFile(source: string): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(source, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
  })
  const lineOf = (node: Node | null | undefined) => lines.linePos(node?.range?.[0] ?? 0).line
  const problems = document.errors.map((error) => ({
    line: error.linePos?.[0].line ?? 1,
    message: error.message.split('\n')[0] ?? 'is no YAML',
  }))
  const entries = new Map<string, FileEntry>()
  const root = document.contents
  let upstreams: ReadonlyMap<string, FileEntry>[] | null = null

  /** A map nests keys; anything else is a leaf. A key may be left empty: then it is not set. */
  const collect = (node: unknown, prefix: string, into: Map<string, FileEntry>) => {
    if (!isMap(node)) {
      problems.push({
        line: lineOf(node as Node | null),
        message: `${prefix || 'the file'}: must be a map of options`,
      })
      return
    }
    for (const { key, value } of node.items) {
      const name = prefix + (isScalar(key) ? String(key.value) : '?')
      const line = lineOf(key as Node)
      if (prefix === '' && name === 'upstreams' && into === entries) upstreams = collectUpstreams(value)
      else if (isMap(value)) collect(value, `${name}.`, into)
      else if (isScalar(value) && value.value === null) {
        // Left empty, as when all its items are commented out. Here that would open an upstream to everybody.
        if (into !== entries && guardingLists.has(name))
          problems.push({ line, message: `${name}: is empty; write [] for all` })
      } else {
        const itemLines = isSeq(value) ? { itemLines: value.items.map((item) => lineOf(item as Node)) } : {}
        into.set(name, { raw: plainValue(value, name, line), line, ...itemLines })
      }
    }
  }

  /** Aliases are followed within the library's bound: beyond, the file is a bomb. */
  const plainValue = (value: unknown, name: string, line: number): unknown => {
    if (!isScalar(value) && !isSeq(value)) return null
    try {
      return value.toJS(document)
    } catch {
      problems.push({ line, message: `${name}: cannot be read; too many aliases` })
      return null
    }
  }

  const collectUpstreams = (node: unknown) => {
    if (!isSeq(node)) {
      problems.push({ line: lineOf(node as Node | null), message: 'upstreams: must be a list' })
      return []
    }
    return node.items.map((item) => {
      const leaves = new Map<string, FileEntry>()
      collect(item, '', leaves)
      return leaves
    })
  }

  const empty = root === null || (isScalar(root) && root.value === null)
  if (!empty && problems.length === 0) collect(root, '', entries)
  return { entries, upstreams, problems }
}
