import { expect, it } from 'vitest'
import { UsageError } from './command.ts'
import { lifetimeDays } from './lifetime.ts'

it.each([
  ['90d', 90],
  ['12h', 0.5],
  ['36m', 0.025],
  ['2w', 14],
  ['1y', 365],
  ['100y', 36_500],
  ['never', null],
] as const)('%s is %s days', (text, days) => {
  const found = lifetimeDays(text)
  if (days === null) expect(found).toBeNull()
  else expect(found).toBeCloseTo(days, 10)
})

it.each([
  '',
  '0d',
  '90',
  'd',
  '-1d',
  '1.5d',
  '1d ',
  ' 1d',
  '1D',
  'NEVER',
  '101y',
  '9999999d',
  '1e3d',
  '1d2h',
])('refuses %j and says how to write it', (text) => {
  expect(() => lifetimeDays(text)).toThrow(UsageError)
  expect(() => lifetimeDays(text)).toThrow('is no span of time')
})
