import { describe, expect, it } from 'vitest'
import { covers, missingScopes } from './scope.ts'

describe('a granted scope covers', () => {
  it.each([
    ['code:read', 'code:read'],
    ['*', 'code:admin'],
    ['*', 'anything'],
    ['code', 'code:read'],
    ['code:write', 'code:read'],
    ['code:admin', 'code:read'],
    ['code:admin', 'code:write'],
    ['a:b', 'a:b:read'],
    ['a:b:write', 'a:b:read'],
  ])('%s covers %s', (granted, needed) => expect(covers([granted], needed)).toBe(true))
})

describe('a granted scope does not cover', () => {
  it.each([
    ['code:read', 'code:write'],
    ['code:read', 'code'],
    ['code:write', 'code:admin'],
    ['code:write', 'code:delete'],
    ['a', 'a:b:read'],
    ['notes:admin', 'code:read'],
    ['CODE:READ', 'code:read'],
    ['cod', 'code:read'],
    ['code:', 'code:read'],
    ['', ':read'],
    ['code:toString', 'code:constructor'],
  ])('%j does not cover %j', (granted, needed) => expect(covers([granted], needed)).toBe(false))

  it('with nothing granted, nothing', () => expect(covers([], 'code:read')).toBe(false))
})

it('names every scope that is missing, in the order asked', () => {
  expect(missingScopes(['b:write'], ['a:read', 'b:read', 'c'])).toEqual(['a:read', 'c'])
  expect(missingScopes([], [])).toEqual([])
})
