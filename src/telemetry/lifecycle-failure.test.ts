import { expect, it } from 'vitest'
import { Failure } from '../lib/error.ts'
import { startupFailure } from './lifecycle-failure.ts'

const system = (code: string) => Object.assign(new Error('jane'), { code, syscall: 'open' })
const sqlite = (errcode: number) => Object.assign(new Error('jane'), { code: 'ERR_SQLITE_ERROR', errcode })
const failure = (code: string, cause?: unknown) => new Failure({ code, status: 500, message: 'jane', cause })

it.each([
  [failure('config_invalid'), 'config', 'invalid_option'],
  [failure('config_secret_missing'), 'config', 'missing_secret'],
  [failure('config_unreadable', system('EACCES')), 'config', 'permission'],
  [failure('no_upstream'), 'config', 'invalid_option'],
  [failure('bind_failed', system('EADDRINUSE')), 'bind', 'address_in_use'],
  [failure('bind_failed', system('EACCES')), 'bind', 'permission'],
  [failure('bind_failed', system('ENOTFOUND')), 'bind', 'other'],
  [failure('store_unreachable'), 'store', 'store_unreachable'],
  [failure('store_unreachable', sqlite(13)), 'store', 'out_of_disk'],
  [failure('store_unreachable', sqlite(1032)), 'store', 'permission'],
  [failure('store_unreachable', system('ENOSPC')), 'store', 'out_of_disk'],
  [failure('migration_failed', failure('store_query_failed')), 'store', 'migration_failed'],
  [failure('migration_failed', failure('store_unreachable', sqlite(13))), 'store', 'out_of_disk'],
  [failure('store_newer'), 'store', 'migration_failed'],
  [failure('secrets_key_unusable', system('EROFS')), 'store', 'permission'],
  [new Error('jane'), 'start', 'other'],
  ['jane', 'start', 'other'],
])('%s is told as %s, %s', (error, phase, error_kind) => {
  expect(startupFailure(error)).toEqual({ phase, error_kind })
})

it('an error that is its own cause is told too', () => {
  const error = new Error('jane')
  error.cause = error
  expect(startupFailure(error)).toEqual({ phase: 'start', error_kind: 'other' })
})
