import type { RequestHead } from './request-head.ts'

/** What browser clients may do here (Fetch standard, CORS protocol). */
export interface Cors {
  /** Response fields for this request's origin: name, value …; empty when there is none or it is not allowed. */
  fieldsFor(origin: string | undefined): readonly string[]
  /** The fields of a preflight's answer, or null when the request is none or its origin is not allowed. */
  preflight(head: RequestHead, asked: PreflightAsked, methods: readonly string[]): readonly string[] | null
}

/** `Access-Control-Request-*` as sent. */
export interface PreflightAsked {
  readonly method: string | undefined
  readonly headers: string | undefined
}

const requestFields = [
  'Authorization',
  'Content-Type',
  'Accept',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Session-Id',
  'Last-Event-ID',
  'traceparent',
  'tracestate',
]
const exposed =
  'WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, X-Request-Id, Retry-After, RateLimit, RateLimit-Policy'
const nothing: readonly string[] = Object.freeze([])
const paramField = /^mcp-param-[a-z0-9!#$%&'*+\-.^_`|~]+$/

/** Only listed origins get an answer their page may read; cookies are never part of it. */
export function createCors(allowedOrigins: readonly string[]): Cors {
  const allowed = new Set(allowedOrigins.map((origin) => origin.toLowerCase()))
  const fieldsFor = (origin: string | undefined) => {
    // Even an answer without permission must not be reused for another origin.
    if (allowed.size === 0) return nothing
    if (origin === undefined || !allowed.has(origin.toLowerCase())) return ['Vary', 'Origin']
    return ['Vary', 'Origin', 'Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', exposed]
  }
  return {
    fieldsFor,
    preflight({ method, origin }, asked, methods) {
      if (method !== 'OPTIONS' || asked.method === undefined) return null
      if (origin === undefined || !allowed.has(origin.toLowerCase())) return null
      const params = (asked.headers ?? '').split(',').map((name) => name.trim().toLowerCase())
      const named = params.filter((name) => paramField.test(name)).slice(0, 50)
      return [
        ...fieldsFor(origin),
        'Access-Control-Allow-Methods',
        methods.join(', '),
        'Access-Control-Allow-Headers',
        [...requestFields, ...named].join(', '),
        'Access-Control-Max-Age',
        '600',
      ]
    },
  }
}
