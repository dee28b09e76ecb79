import { Resolver } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isLoopbackHost } from '../config/address.ts'

/** Three seconds with both attempts: less than a fetch has. */
const patience = { timeout: 1000, tries: 2 }

type Failed = NodeJS.ErrnoException | null

/**
 * Looks up names that strangers give by asking the name servers itself. The system's own look-up holds one of the
 * process's few threads until it gives up, and upstreams, providers and the database are looked up by the same ones: a
 * slow name server of a stranger's would keep everybody from them. `servers` is for tests.
 */
export function createNameLookup(servers: readonly string[] | null = null): LookupFunction {
  return (hostname, options, callback) => {
    const answer = (error: Failed, found: LookupAddress[]) => {
      const [first] = found
      if (options.all === true || first === undefined) callback(error, found)
      else callback(null, first.address, first.family)
    }
    // Names of this machine are nobody's to say (RFC 6761 section 6.3).
    if (isLoopbackHost(hostname)) return answer(null, [{ address: '127.0.0.1', family: 4 }])
    const resolver = new Resolver(patience)
    if (servers !== null) resolver.setServers(servers)
    const found: LookupAddress[] = []
    let open = 2
    const take = (family: 4 | 6) => (error: Failed, addresses: readonly string[] | undefined) => {
      // There is no list where the look-up failed.
      for (const address of addresses ?? []) found.push({ address, family })
      open -= 1
      if (open > 0) return
      answer(
        found.length === 0 ? error : null,
        found.toSorted((one, other) => one.family - other.family),
      )
    }
    resolver.resolve4(hostname, take(4))
    resolver.resolve6(hostname, take(6))
  }
}
