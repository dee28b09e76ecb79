import { Failure } from '../lib/error.ts'
import type { StartupErrorKind, StartupPhase } from './vocabulary.ts'

/** What analytics may know of a start that failed: never the message, which may name paths, hosts or people. */
export interface StartupFailure {
  readonly phase: StartupPhase
  readonly error_kind: StartupErrorKind
}

/** Classifies a failed start by the codes of the error and of what caused it. */
export function startupFailure(error: unknown): StartupFailure {
  const codes = codesOf(error)
  const known = codes.map((code) => byFailure[code]).find((row) => row !== undefined)
  const byCause = codes.map((code) => bySystem[code]).find((kind) => kind !== undefined)
  const [phase, kind] = known ?? ['start', 'other']
  return { phase, error_kind: byCause ?? kind }
}

const byFailure: Readonly<Record<string, readonly [StartupPhase, StartupErrorKind]>> = {
  config_invalid: ['config', 'invalid_option'],
  config_secret_missing: ['config', 'missing_secret'],
  config_unreadable: ['config', 'invalid_option'],
  no_upstream: ['config', 'invalid_option'],
  certificate_unreadable: ['config', 'invalid_option'],
  store_location_invalid: ['store', 'invalid_option'],
  store_unreachable: ['store', 'store_unreachable'],
  store_query_failed: ['store', 'store_unreachable'],
  store_corrupt: ['store', 'other'],
  store_newer: ['store', 'migration_failed'],
  migration_failed: ['store', 'migration_failed'],
  secrets_key_unusable: ['store', 'missing_secret'],
  bind_failed: ['bind', 'other'],
}

/** System errors, and SQLite's primary result codes (https://sqlite.org/rescode.html) as `sqlite:N`. */
const bySystem: Readonly<Record<string, StartupErrorKind>> = {
  EADDRINUSE: 'address_in_use',
  EACCES: 'permission',
  EPERM: 'permission',
  EROFS: 'permission',
  ENOSPC: 'out_of_disk',
  EDQUOT: 'out_of_disk',
  'sqlite:3': 'permission',
  'sqlite:8': 'permission',
  'sqlite:13': 'out_of_disk',
}

const deepest = 5

function codesOf(error: unknown): string[] {
  const codes: string[] = []
  let current = error
  for (let depth = 0; depth < deepest && current instanceof Error; depth += 1) {
    if (current instanceof Failure || ('code' in current && typeof current.code === 'string'))
      codes.push(String(current.code))
    if ('errcode' in current && typeof current.errcode === 'number')
      codes.push(`sqlite:${current.errcode & 0xff}`)
    current = current.cause
  }
  return codes
}
