import type { IncomingMessage } from 'node:http'
import type { GlobalSettings } from '../config/options.ts'
import { addressGroup } from '../gateway/client-address.ts'
import { senderOf } from '../gateway/observe-call.ts'
import type { Received } from '../gateway/received.ts'
import type { Limiter, LimitPolicy } from '../limits/limiter.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { LimitedEndpoint, RejectionReason } from '../telemetry/vocabulary.ts'

/** What is known of requests that the authorization server sees only as Node's own objects. */
export interface Arrivals {
  note(received: Received): void
  of(request: IncomingMessage): Received | undefined
  /** Takes one use from an endpoint's budget; answers seconds to wait when it is used up, else null. */
  limit(endpoint: LimitedEndpoint, request: IncomingMessage): number | null
  /** The authorization server refused a request because of who sent it, and has answered it itself. */
  refused(request: IncomingMessage, reason: RejectionReason): void
}

export interface ArrivalsDependencies {
  readonly limiter: Limiter
  readonly emit: Emit
}

/** The share of the budget an endpoint has: less where something can be guessed, or a row is left behind. */
const shares: Partial<Readonly<Record<LimitedEndpoint, number>>> = { device_verify: 30, authorize: 5 }

function policyOf(endpoint: LimitedEndpoint, settings: GlobalSettings): LimitPolicy {
  if (endpoint === 'register')
    return { name: endpoint, quota: settings['limits.registrationsPerHour'], windowSeconds: 3600 }
  const quota = Math.ceil(settings['limits.oauthPerMinute'] / (shares[endpoint] ?? 1))
  return { name: endpoint, quota, windowSeconds: 60 }
}

/** `settingsNow` are those of this moment: a reload changes limits. */
export function createArrivals(
  settingsNow: () => GlobalSettings,
  { limiter, emit }: ArrivalsDependencies,
): Arrivals {
  const known = new WeakMap<IncomingMessage, Received>()
  return {
    note: (received) => void known.set(received.request, received),
    of: (request) => known.get(request),
    limit(endpoint, request) {
      const received = known.get(request)
      const settings = settingsNow()
      if (!settings['limits.enabled'] || received === undefined) return null
      const decision = limiter.take(policyOf(endpoint, settings), addressGroup(received.address))
      if (decision.allowed) return null
      emit('rate_limited', { endpoint, ...senderOf(received) })
      return decision.retryAfterSeconds
    },
    refused(request, reason) {
      const received = known.get(request)
      if (received === undefined) return
      received.call.refused = reason
      const oauth = { oauth_configured: true, resource_metadata_url_present: false }
      emit('auth_rejected', { reason, surface: 'oauth', ...oauth, ...senderOf(received) })
    },
  }
}
