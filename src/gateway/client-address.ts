import { isIP } from 'node:net'

/**
 * The address a request comes from. `X-Forwarded-For` is believed only as far as trusted proxies vouch for it: read
 * from the right, the first address that is no trusted proxy is the client.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let address = plain(peer ?? '')
  if (forwardedFor === undefined || !isTrusted(address)) return address
  for (const hop of forwardedFor.split(',').toReversed()) {
    const candidate = plain(hop.trim())
    if (isIP(candidate) === 0) return address
    address = candidate
    if (!isTrusted(address)) return address
  }
  return address
}

/** What limits count by: an IPv6 caller owns at least a /64, so its addresses there are one. */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const filled =
    tail === undefined
      ? groups
      : [...groups, ...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest]
  return `${filled
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** Without brackets and the port that some proxies write; an IPv4 address mapped into IPv6 is that IPv4 address. */
function plain(address: string): string {
  const bare = (/^\[([^\]]*)\](?::\d+)?$/.exec(address) ?? /^([\d.]+):\d+$/.exec(address))?.[1] ?? address
  return /^::ffff:/i.test(bare) && isIP(bare.slice(7)) === 4 ? bare.slice(7) : bare
}
