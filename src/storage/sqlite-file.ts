import { statSync } from 'node:fs'

/** What tells one file from another of the same name; null when there is none. */
export function fileOf(path: string): string | null {
  if (path === ':memory:') return null
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.dev} ${stat.ino}`
}
