import type { Refusal } from './refusal.ts'

const timeouts = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
])

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_NOT_YET_VALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
])

/** What a failed call says to the client: too slow (504), not reachable or broken off (502). */
export function failureOf(error: Error): Refusal & { refused: UpstreamFailure } {
  const code = 'code' in error ? String(error.code) : ''
  const detail = code === '' ? error.message : `${code}: ${error.message}`
  if (timeouts.has(code)) return { refused: 'upstream_timeout', detail }
  return { refused: unreachable.has(code) ? 'upstream_unreachable' : 'upstream_failed', detail }
}

export type UpstreamFailure = 'upstream_timeout' | 'upstream_unreachable' | 'upstream_failed'
