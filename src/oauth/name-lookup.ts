import { Resolver } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isLoopbackHost } from '../config/address.ts'

/** Three seconds with both attempts: less than a fetch has. */
const patience = { timeout: 1000, tries: 2 }

/**
 * Looks up names that strangers give by asking the name servers itself. The system's own look-up holds one of the
 * process's few threads until it gives up, and upstreams, providers and the database are looked up by the same ones: a
 * slow name server of a stranger's would keep everybody from them. `servers` is for tests.
 */
export function createNameLookup(servers: readonly string[] | null = null): LookupFunction {
  return (hostname, options, callback) => {
    const resolver = new Resolver(patience)
    if (servers !== null) resolver.setServers(servers)
    void find(resolver, hostname).then((found) => {
      if (!Array.isArray(found)) return callback(found, [])
      const [first] = found
      if (options.all === true || first === undefined) return callback(null, found)
      return callback(null, first.address, first.family)
    })
  }
}

/** Every address of a name, or why there is none. */
async function find(resolver: Resolver, hostname: string): Promise<LookupAddress[] | NodeJS.ErrnoException> {
  // Names of this machine are nobody's to say (RFC 6761 section 6.3).
  if (isLoopbackHost(hostname)) return [{ address: '127.0.0.1', family: 4 }]
  const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  const addresses = [
    ...(four.status === 'fulfilled' ? four.value : []).map((address) => ({ address, family: 4 })),
    ...(six.status === 'fulfilled' ? six.value : []).map((address) => ({ address, family: 6 })),
  ]
  return addresses.length === 0 && four.status === 'rejected'
    ? (four.reason as NodeJS.ErrnoException)
    : addresses
}
