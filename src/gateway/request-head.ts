import type { IncomingMessage } from 'node:http'
import { classifyCredential } from '../principal/credential.ts'
import type { PresentedCredential } from '../principal/credential.ts'
import type { Refusal } from './refusal.ts'

/** The request head, read once into what the steps need. */
export interface RequestHead {
  readonly method: string
  readonly path: string
  readonly credential: PresentedCredential
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly sessionId: string | undefined
  readonly mcpMethod: string | undefined
  readonly mcpName: string | undefined
  readonly protocolVersion: string | undefined
  readonly forwardedFor: string | undefined
  readonly traceParent: string | undefined
  /** Name, value, name, value …: the allow-listed fields that go upstream. */
  readonly forwarded: string[]
  /** What is wrong with the head itself; answered after the guard. */
  readonly problem: Refusal | null
}

/** Fields that may be there once: with two, policy and upstream could each read another one. */
const single = new Set([
  'host',
  'authorization',
  'origin',
  'content-type',
  'content-length',
  'content-encoding',
  'mcp-session-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'last-event-id',
  'traceparent',
])

/** The explicit list of what an upstream gets to see. The credential is not on it, nor is any cookie or address. */
const forwardedFields = new Set([
  'accept',
  'accept-language',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'traceparent',
  'tracestate',
  'user-agent',
])

/** What is done with a field of some name. */
interface FieldRule {
  /** In lower case. */
  readonly name: string
  readonly isSingle: boolean
  readonly isForwarded: boolean
}

const mostRules = 500
const rules = new Map<string, FieldRule>()

/** The rule for a name as it was written. Clients write theirs alike each time, so the look-up alone is the rule. */
function ruleFor(written: string): FieldRule {
  const known = rules.get(written)
  if (known !== undefined) return known
  const name = written.toLowerCase()
  const isForwarded = forwardedFields.has(name) || name.startsWith('mcp-param-')
  const rule = { name, isSingle: single.has(name), isForwarded }
  if (rules.size < mostRules) rules.set(written, rule)
  return rule
}

/** Reads the raw head in one pass. Names are matched in lower case; values are relayed as they came. */
export function readHead(request: IncomingMessage): RequestHead {
  const { rawHeaders } = request
  const found: Record<string, string> = {}
  const forwarded: string[] = []
  let problem: Refusal | null = null
  let forwardedFor: string | undefined
  for (let place = 0; place < rawHeaders.length; place += 2) {
    const { name, isSingle, isForwarded } = ruleFor(rawHeaders[place] ?? '')
    const value = rawHeaders[place + 1] ?? ''
    if (isSingle) {
      if (found[name] !== undefined) {
        problem ??=
          name === 'authorization'
            ? { refused: 'two_credentials' }
            : { refused: 'duplicate_header', hint: name }
      }
      found[name] = value
    }
    if (name === 'x-forwarded-for')
      forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`
    if (isForwarded) forwarded.push(name, value)
  }
  const target = request.url ?? ''
  const question = target.indexOf('?')
  const path = question === -1 ? target : target.slice(0, question)
  if (!path.startsWith('/')) problem ??= { refused: 'bad_target' }
  else if (question !== -1 && carriesCredential(target.slice(question + 1)))
    problem ??= { refused: 'credential_in_query' }
  const encoding = request.headers['transfer-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'chunked')
    problem ??= { refused: 'content_encoding' }
  return {
    method: request.method ?? '',
    path,
    credential: classifyCredential(found['authorization']),
    host: found['host'],
    origin: found['origin'],
    contentType: found['content-type'],
    contentEncoding: found['content-encoding'],
    sessionId: found['mcp-session-id'],
    mcpMethod: found['mcp-method'],
    mcpName: found['mcp-name'],
    protocolVersion: found['mcp-protocol-version'],
    forwardedFor,
    traceParent: found['traceparent'],
    forwarded,
    problem,
  }
}

/** A token in a URL ends up in histories and access logs (RFC 6750 section 5.3): refused by name and by shape. */
function carriesCredential(query: string): boolean {
  for (const [name, value] of new URLSearchParams(query)) {
    const credential = classifyCredential(`Bearer ${value}`)
    if (credential.kind === 'api_key' || /^(access_token|token|api_?key|authorization)$/i.test(name))
      return true
  }
  return false
}
