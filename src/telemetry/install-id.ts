import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import type { RandomSource } from '../lib/random.ts'

declare const installId: unique symbol
/** 32 hex digits drawn at random: tells one installation from another and says nothing else about it. */
export type InstallId = string & { readonly [installId]: true }

/**
 * The id kept in a file, made on first use with mode 0600. Where none can be kept (a read-only file system, a folder
 * that is not there) this process gets one of its own: never one that others share (T38).
 */
export function readOrMakeInstallId(file: string, random: RandomSource): InstallId {
  const known = readInstallId(file)
  if (known !== null) return known
  const made = newInstallId(random)
  try {
    keep(file, made)
  } catch {
    return made
  }
  return readInstallId(file) ?? made
}

/** The id that is there; null when there is none that could be one. */
export function readInstallId(file: string): InstallId | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^[0-9a-f]{32}$/.test(text) ? (text as InstallId) : null
  } catch {
    return null
  }
}

export function newInstallId(random: RandomSource): InstallId {
  return Buffer.from(random.bytes(16)).toString('hex') as InstallId
}

/** The file appears whole, and the first of two processes wins; what is there and is no id is replaced. */
function keep(file: string, id: InstallId): void {
  const draft = `${file}.${id.slice(0, 12)}`
  writeFileSync(draft, `${id}\n`, { mode: 0o600, flag: 'wx' })
  try {
    try {
      linkSync(draft, file)
    } catch {
      if (readInstallId(file) !== null) return
      unlinkSync(file)
      linkSync(draft, file)
    }
  } finally {
    unlinkSync(draft)
  }
}
