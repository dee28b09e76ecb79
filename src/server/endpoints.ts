import type { JWK } from 'jose'
import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import { sameSecret } from '../lib/hash.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { answerPlainly } from './plain-answer.ts'

const json = 'application/json'

/** Alive: the process answers. Says nothing else (T10). */
export function answerHealth(received: Received): null {
  return answerPlainly(received, 200, json, '{"status":"ok"}\n')
}

/** Ready: the store answers, and no shutdown has begun. */
export function createReadiness(ping: () => Promise<void>, isClosing: () => boolean) {
  return async (received: Received): Promise<Refusal | null> => {
    if (isClosing()) return { refused: 'shutting_down' }
    try {
      await ping()
    } catch (error) {
      return { refused: 'store_unavailable', detail: error instanceof Error ? error.message : 'ping' }
    }
    return answerPlainly(received, 200, json, '{"status":"ready"}\n')
  }
}

/** The public keys of assertions and access tokens (RFC 7517 section 5); those of tokens change while we run. */
export function createJwks(published: () => readonly JWK[]) {
  return (received: Received): null =>
    answerPlainly(received, 200, json, JSON.stringify({ keys: published() }), 'public, max-age=300')
}

/** Prometheus text, behind a bearer token when one is set. */
export function createMetricsEndpoint(metrics: Metrics, token: string | null) {
  return (received: Received): Refusal | null => {
    const { credential } = received.head
    if (token !== null) {
      if (credential.kind === 'none') return { refused: 'missing_credential' }
      if (credential.kind === 'unusable') return { refused: credential.reason }
      if (!sameSecret(credential.token.reveal(), token)) return { refused: 'malformed_token' }
    }
    return answerPlainly(received, 200, 'text/plain; version=0.0.4; charset=utf-8', metrics.render())
  }
}
