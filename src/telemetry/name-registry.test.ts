import { expect, it } from 'vitest'
import { NameRegistry } from './name-registry.ts'

it('T30: a set grows to its cap and no further; what comes later is `other`', () => {
  const names = new NameRegistry()
  const registered = Array.from({ length: 1100 }, (_, place) => names.register('route', `/${place}`))
  expect(new Set(registered).size).toBe(1000)
  expect(registered.slice(999)).toEqual(Array.from({ length: 101 }, () => 'other'))
  expect(names.register('route', '/0')).toBe('/0')
  expect(names.has('route', '/1099')).toBe(false)
})

it('sets do not know of each other, and `other` is in each', () => {
  const names = new NameRegistry()
  names.register('route', '/a')
  expect([names.has('route', '/a'), names.has('upstream', '/a')]).toEqual([true, false])
  expect([names.has('route', 'other'), names.has('nothing', 'other')]).toEqual([true, true])
})
