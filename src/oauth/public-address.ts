import { BlockList, isIP } from 'node:net'

/** IANA's special-purpose registry (RFC 6890) and what else answers to this machine or its network only. */
const special4 = new BlockList()
for (const network of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // A cloud's wire server: a public address that leads to the host of the virtual machine.
  '168.63.129.16/32',
]) {
  const [address = '', prefix] = network.split('/')
  special4.addSubnet(address, Number(prefix), 'ipv4')
}

/** Of IPv6 only what is handed out for the internet may be reached: mapped, NAT64, local and multicast lie outside. */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

const special6 = new BlockList()
for (const [address, prefix] of [
  // Teredo, benchmarking, ORCHID and the like.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 carries an IPv4 address of any kind.
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  special6.addSubnet(address, prefix, 'ipv6')
}

/** Whether an IP address, without brackets, is one of the public internet. Anything else is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !special4.check(address, 'ipv4')
  // A zone names a link of this machine.
  if (family === 0 || address.includes('%')) return false
  return global6.check(address, 'ipv6') && !special6.check(address, 'ipv6')
}
