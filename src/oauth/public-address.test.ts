import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isPublicAddress } from './public-address.ts'

it.each([
  ['this network', '0.0.0.0', '0.255.255.255'],
  ['private 10/8', '10.0.0.0', '10.255.255.255'],
  ['carrier-grade NAT', '100.64.0.0', '100.127.255.255'],
  ['a cloud metadata service behind it', '100.100.100.200', '100.100.100.200'],
  ['loopback', '127.0.0.1', '127.255.255.255'],
  ['link-local and its metadata services', '169.254.0.0', '169.254.169.254'],
  ['private 172.16/12', '172.16.0.0', '172.31.255.255'],
  ['protocol assignments', '192.0.0.0', '192.0.0.192'],
  ['documentation', '192.0.2.1', '198.51.100.255'],
  ['6to4 relays', '192.88.99.1', '192.88.99.1'],
  ['private 192.168/16', '192.168.0.0', '192.168.255.255'],
  ['benchmarking', '198.18.0.0', '198.19.255.255'],
  ['documentation', '203.0.113.0', '203.0.113.255'],
  ['multicast', '224.0.0.1', '239.255.255.255'],
  ['reserved and broadcast', '240.0.0.1', '255.255.255.255'],
  ["a cloud's wire server", '168.63.129.16', '168.63.129.16'],
  ['unspecified and loopback', '::', '::1'],
  ['IPv4-mapped', '::ffff:127.0.0.1', '::ffff:8.8.8.8'],
  ['IPv4-compatible', '::127.0.0.1', '::8.8.8.8'],
  ['NAT64', '64:ff9b::7f00:1', '64:ff9b:1::1'],
  ['discard only', '100::1', '100::1'],
  ['Teredo', '2001::1', '2001:0:ffff::1'],
  ['documentation', '2001:db8::1', '3fff::1'],
  ['6to4', '2002:7f00:1::', '2002:0808:0808::1'],
  ['unique-local and metadata services there', 'fc00::1', 'fd00:ec2::254'],
  ['link-local', 'fe80::1', 'febf::1'],
  ['link-local with a zone', 'fe80::1%eth0', 'fe80::1%1'],
  ['site-local', 'fec0::1', 'feff::1'],
  ['multicast', 'ff02::1', 'ff0e::1'],
  ['what is no address', '', 'localhost'],
  ['what is no address in its usual form', '0x7f.1', '2130706433'],
])('refuses %s', (_, first, last) => {
  expect([isPublicAddress(first), isPublicAddress(last)]).toEqual([false, false])
})

it.each([
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450::1',
])('lets %s', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

it('refuses every IPv4 address in the forms IPv6 has for it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
      const pair = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
      const forms = [
        `::ffff:${address}`,
        `::ffff:${pair}`,
        `::${pair}`,
        `64:ff9b::${pair}`,
        `2002:${pair}::1`,
      ]
      return forms.every((form) => !isPublicAddress(form))
    }),
  )
})
