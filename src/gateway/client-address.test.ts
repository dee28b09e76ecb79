import { describe, expect, it } from 'vitest'
import { networks } from '../config/address.ts'
import { addressGroup, clientAddress } from './client-address.ts'

const trusted = networks(['10.0.0.0/8', '127.0.0.1', 'fd00::/8'])

describe('whose request it is', () => {
  it.each<[string, string, string | undefined, string]>([
    ['nobody vouches', '198.51.100.7', undefined, '198.51.100.7'],
    ['a stranger says it is somebody else', '198.51.100.7', '203.0.113.1', '198.51.100.7'],
    ['a stranger says it is our proxy', '198.51.100.7', '10.0.0.1', '198.51.100.7'],
    ['a proxy names the client', '10.0.0.1', '203.0.113.1', '203.0.113.1'],
    ['a proxy names nobody', '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy passes on an empty field', '10.0.0.1', '', '10.0.0.1'],
    [
      'the client has put a name before the one the proxy adds',
      '10.0.0.1',
      '1.1.1.1, 203.0.113.1',
      '203.0.113.1',
    ],
    ['it came through two proxies of ours', '10.0.0.1', '203.0.113.1, 10.0.0.2', '203.0.113.1'],
    ['it came through two, and lies', '10.0.0.1', '1.1.1.1, 203.0.113.1,10.0.0.2', '203.0.113.1'],
    ['only proxies are named', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['garbage stands nearest', '10.0.0.1', '203.0.113.1, unknown', '10.0.0.1'],
    ['garbage stands behind a proxy', '10.0.0.1', '<script>, 10.0.0.2', '10.0.0.2'],
    ['an obfuscated name stands nearest', '10.0.0.1', '_hidden', '10.0.0.1'],
    ['an empty place stands nearest', '10.0.0.1', '203.0.113.1,', '10.0.0.1'],
    ['the proxy writes a port', '10.0.0.1', '203.0.113.1:4711', '203.0.113.1'],
    ['the proxy writes brackets and a port', 'fd00::1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['the proxy writes brackets', 'fd00::1', '[2001:db8::7]', '2001:db8::7'],
    ['the socket is IPv6 and the peer is not', '::ffff:10.0.0.1', '203.0.113.1', '203.0.113.1'],
    ['the client is written as mapped', '10.0.0.1', '::FFFF:203.0.113.1', '203.0.113.1'],
    ['a mapped proxy is in between', '10.0.0.1', '203.0.113.1, ::ffff:10.9.9.9', '203.0.113.1'],
    ['a number is no address', '10.0.0.1', '1', '10.0.0.1'],
    ['neither is a name', '10.0.0.1', 'localhost', '10.0.0.1'],
  ])('when %s', (_, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, trusted)).toBe(expected)
  })

  it('a socket that is gone has no address, and is trusted with nothing', () => {
    expect(clientAddress(undefined, '203.0.113.1', trusted)).toBe('')
  })

  it('with no trusted proxy the field is never believed', () => {
    expect(clientAddress('127.0.0.1', '203.0.113.1', networks([]))).toBe('127.0.0.1')
  })

  it('a field of thousands of hops is read in no time', () => {
    const hops = Array.from({ length: 1000 }, () => '10.0.0.2').join(',')
    expect(clientAddress('10.0.0.1', `203.0.113.1,${hops}`, trusted)).toBe('203.0.113.1')
  })
})

describe('what limits count by', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:1:2:3', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
    ['', ''],
  ])('of %j is %j', (address, group) => {
    expect(addressGroup(address)).toBe(group)
  })

  it('is another one for the neighbouring /64', () => {
    expect(addressGroup('2001:db8:1:3::1')).not.toBe(addressGroup('2001:db8:1:2::1'))
  })
})
