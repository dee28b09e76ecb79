import type { Config } from '../config/load.ts'
import type { Clock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch.ts'
import { fetchKeySet } from '../tokens/remote-jwks.ts'
import { leewaySeconds } from '../tokens/token-verdict.ts'
import type { Finding } from './finding.ts'

export interface InspectIssuersDependencies {
  readonly fetch: Fetch
  readonly clock: Clock
}

/** Looks at the issuers of others that are trusted: whether their keys can be had, and whether the clocks agree. */
export async function inspectIssuers(
  { settings, upstreams }: Config,
  { fetch, clock }: InspectIssuersDependencies,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const issuers = settings['auth.issuers']
  const isUsed = upstreams.some(({ accept }) => accept.length === 0 || accept.includes('oauth'))
  if (issuers.length > 0 && !isUsed) {
    const what = 'auth.issuers: no upstream accepts access tokens'
    findings.push({ level: 'warning', what, fix: 'add oauth to the accept of an upstream' })
  }
  for (const { issuer, jwksUri } of issuers) {
    try {
      const { keys, date } = await fetchKeySet(jwksUri, fetch)
      findings.push({ level: 'ok', what: `issuer ${issuer}: publishes ${keys.length} keys` })
      const skew = date === null ? 0 : Math.round(Math.abs(date - clock.now()) / 1000)
      if (skew > leewaySeconds)
        findings.push({
          level: 'warning',
          what: `issuer ${issuer}: its clock and ours are ${skew} s apart; tokens seem expired or not yet valid`,
          fix: 'synchronise the clock of this machine (NTP)',
        })
    } catch (error) {
      const what = `issuer ${issuer}: its keys cannot be had: ${error instanceof Error ? error.message : 'no answer'}`
      findings.push({ level: 'problem', what, fix: 'check jwksUri and the network between' })
    }
  }
  return findings
}
