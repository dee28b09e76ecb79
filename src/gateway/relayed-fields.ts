import type { IncomingHttpHeaders } from 'node:http'

/** The explicit list of what a client gets to see of an upstream's answer head. */
const relayed: readonly (readonly [string, string])[] = [
  ['content-type', 'Content-Type'],
  ['content-encoding', 'Content-Encoding'],
  ['content-language', 'Content-Language'],
  ['cache-control', 'Cache-Control'],
  ['mcp-protocol-version', 'MCP-Protocol-Version'],
  ['retry-after', 'Retry-After'],
  ['allow', 'Allow'],
]

const inert = ['X-Content-Type-Options', 'nosniff', 'Content-Security-Policy', 'sandbox']

/** Those of an answer: name, value, name, value … */
export function relayedFields(headers: IncomingHttpHeaders): string[] {
  const fields: string[] = []
  for (const [name, shown] of relayed) {
    const value = headers[name]
    if (typeof value === 'string') fields.push(shown, value)
  }
  // Whatever an upstream answers is data: a browser that opens it must not run it on our origin.
  const type = headers['content-type']
  if (type !== 'application/json' && type !== 'text/event-stream') fields.push(...inert)
  return fields
}
