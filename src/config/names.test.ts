import { expect, it } from 'vitest'
import { flagName, nearest, variableName } from './names.ts'
import type { Option } from './option.ts'
import { options } from './options.ts'

it.each([
  ['publicUrl', 'SALLYPORT_PUBLIC_URL', 'public-url'],
  ['limits.enabled', 'SALLYPORT_LIMITS_ENABLED', 'limits-enabled'],
  ['auth.apiKeys.maxPerUser', 'SALLYPORT_AUTH_API_KEYS_MAX_PER_USER', 'auth-api-keys-max-per-user'],
])('%s is %s and --%s', (key, variable, flag) => {
  expect(variableName(key)).toBe(variable)
  expect(flagName(key, {})).toBe(flag)
})

it('no two options share a variable or a flag', () => {
  const rows = Object.entries(options) as [string, Option<unknown>][]
  expect(new Set(rows.map(([key]) => variableName(key))).size).toBe(rows.length)
  expect(new Set(rows.map(([key, option]) => flagName(key, option))).size).toBe(rows.length)
})

it.each([
  ['allowedOrigin', 'allowedOrigins'],
  ['alowedhosts', 'allowedHosts'],
  ['listen.prot', 'listen.port'],
  ['STORE', 'store'],
  ['zzzzzz', null],
  ['', null],
])('%s is meant to be %s', (word, meant) => expect(nearest(word, Object.keys(options))).toBe(meant))
