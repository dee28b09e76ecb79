import { expect, it } from 'vitest'
import { createFormTokens } from './form-token.ts'

const tokens = createFormTokens(new Uint8Array(32).fill(7))

it('takes its own token, for that purpose and that browser alone', () => {
  const token = tokens.make('account', 'cookie')
  expect(tokens.check(token, 'account', 'cookie')).toBe(true)
  expect(tokens.check(token, 'consent a', 'cookie')).toBe(false)
  expect(tokens.check(token, 'account', 'another')).toBe(false)
  expect(tokens.check('', 'account', 'cookie')).toBe(false)
  expect(createFormTokens(new Uint8Array(32).fill(8)).check(token, 'account', 'cookie')).toBe(false)
})

it('cannot read one purpose and browser as another pair', () => {
  expect(tokens.check(tokens.make('a', 'bc'), 'ab', 'c')).toBe(false)
})

it('takes nothing where there is no cookie to bind to', () => {
  expect(tokens.check(tokens.make('account', ''), 'account', '')).toBe(false)
})
