import { describe, expect, it } from 'vitest'
import { isLoopbackHost, networkProblem, networks } from './address.ts'

it.each(['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '127.255.255.254', '::1', '[::1]'])(
  '%s is this machine only',
  (host) => expect(isLoopbackHost(host)).toBe(true),
)

it.each([
  '0.0.0.0',
  '::',
  '128.0.0.1',
  'localhost.example.com',
  '127.0.0.1.example.com',
  '',
  '10.0.0.1',
  '::2',
])('%j is not', (host) => expect(isLoopbackHost(host)).toBe(false))

it.each(['10.0.0.0/8', '10.0.0.1', '::1', 'fd00::/8', '0.0.0.0/0'])('%s is a network', (text) => {
  expect(networkProblem(text)).toBeNull()
})

it.each([
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  'proxy',
  '',
  '10.0.0',
  '10.0.0.0/a',
])('%j is no network', (text) => expect(networkProblem(text)).not.toBeNull())

describe('membership in networks', () => {
  const inside = networks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])
  it.each([
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd12::1', true],
    ['fe80::1', false],
    ['::ffff:10.0.0.1', true],
    ['::ffff:11.0.0.1', false],
    ['not an address', false],
    ['', false],
  ])('%s: %s', (address, expected) => expect(inside(address)).toBe(expected))
})
