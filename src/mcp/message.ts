import { nestsDeeper } from '../lib/json-depth.ts'
import { clientFamily } from './client-family.ts'
import type { ClientFamily } from './client-family.ts'
import { ambiguousKey } from './ambiguous-key.ts'
import { readTraceParent } from './trace-parent.ts'
import type { TraceParent } from './trace-parent.ts'

export type RequestId = string | number

/** One JSON-RPC message, reduced to what decisions are taken on. The bytes themselves are relayed as they came. */
export interface Message {
  readonly kind: 'request' | 'notification' | 'response'
  readonly id: RequestId | null
  /** '' for a response. */
  readonly method: string
  /** What the message is about: tool or prompt name, resource URI, task id; null when it names none. */
  readonly name: string | null
  /** The protocol version claimed in `_meta`: present on every modern request. */
  readonly claimedVersion: string | null
  /** What the sender says of itself: in `initialize`, and in every modern request; null elsewhere. */
  readonly introduction: Introduction | null
  /** Where the sender says it stands in a trace (SEP-414); null when it does not, or not validly. */
  readonly traceParent: TraceParent | null
}

/** A client's introduction, reduced to closed lists: its own words go no further. */
export interface Introduction {
  readonly client: ClientFamily
  readonly protocolVersion: string
  readonly capabilities: readonly Capability[]
}

const capabilityNames = ['sampling', 'elicitation', 'roots', 'tasks'] as const
export type Capability = (typeof capabilityNames)[number]

export type BodyProblem =
  | { readonly reason: 'invalid_json' | 'too_deep' | 'not_jsonrpc' | 'empty_batch' | 'batch_too_large' }
  | { readonly reason: 'ambiguous_key'; readonly key: string }

export type ParsedBody =
  | { readonly messages: readonly Message[]; readonly batch: boolean }
  | { readonly problem: BodyProblem }

const claimedVersionKey = 'io.modelcontextprotocol/protocolVersion'

/** Which member of `params` the `Mcp-Name` header mirrors, by method (SEP-2243; the tasks rows from SEP-2663). */
const nameMembers: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
])

/** Levels of nesting no honest message reaches; parsing millions of them takes seconds. */
const deepest = 200
/** Messages in a batch, as the official SDK has it. */
const largestBatch = 100

/** Whether requests of a method name what they are about. */
export function namesSomething(method: string): boolean {
  return nameMembers.has(method)
}

type JsonObject = Readonly<Record<string, unknown>>

/** Parses a request body once, for policy. Refuses what another parser could read as another message (T50). */
export function parseBody(text: string): ParsedBody {
  if (nestsDeeper(text, deepest)) return { problem: { reason: 'too_deep' } }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { problem: { reason: 'invalid_json' } }
  }
  const key = ambiguousKey(text)
  if (key !== null) return { problem: { reason: 'ambiguous_key', key } }
  if (!Array.isArray(body)) {
    const message = readMessage(body)
    return message === null ? { problem: { reason: 'not_jsonrpc' } } : { messages: [message], batch: false }
  }
  if (body.length === 0) return { problem: { reason: 'empty_batch' } }
  if (body.length > largestBatch) return { problem: { reason: 'batch_too_large' } }
  const messages: Message[] = []
  for (const element of body as unknown[]) {
    const message = readMessage(element)
    if (message === null) return { problem: { reason: 'not_jsonrpc' } }
    messages.push(message)
  }
  return { messages, batch: true }
}

function readMessage(value: unknown): Message | null {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') return null
  const { id, method, params } = value
  if (method === undefined) return readResponse(value)
  if (typeof method !== 'string' || method === '') return null
  if ('result' in value || 'error' in value) return null
  if (params !== undefined && (params === null || typeof params !== 'object')) return null
  const members = isObject(params) ? params : null
  const meta = members === null ? undefined : members['_meta']
  const claim = isObject(meta) ? meta[claimedVersionKey] : undefined
  const place = isObject(meta) ? meta['traceparent'] : undefined
  const shared = {
    method,
    name: nameOf(method, members),
    claimedVersion: typeof claim === 'string' ? claim : null,
    introduction: introductionOf(method, members, isObject(meta) ? meta : null),
    traceParent: typeof place === 'string' ? readTraceParent(place) : null,
  }
  if (!('id' in value)) return { kind: 'notification', id: null, ...shared }
  return isRequestId(id) ? { kind: 'request', id: repeatable(id), ...shared } : null
}

function readResponse(value: JsonObject): Message | null {
  const { id } = value
  if ('result' in value === 'error' in value || !(isRequestId(id) || id === null)) return null
  return {
    kind: 'response',
    id,
    method: '',
    name: null,
    claimedVersion: null,
    introduction: null,
    traceParent: null,
  }
}

function introductionOf(
  method: string,
  params: JsonObject | null,
  meta: JsonObject | null,
): Introduction | null {
  const claim = meta?.[claimedVersionKey]
  if (typeof claim === 'string') {
    return introduction(
      meta?.['io.modelcontextprotocol/clientInfo'],
      claim,
      meta?.['io.modelcontextprotocol/clientCapabilities'],
    )
  }
  if (method !== 'initialize') return null
  return introduction(params?.['clientInfo'], params?.['protocolVersion'], params?.['capabilities'])
}

function introduction(info: unknown, version: unknown, capabilities: unknown): Introduction {
  const name = isObject(info) ? info['name'] : null
  const known = isObject(capabilities)
    ? capabilityNames.filter((capability) => isObject(capabilities[capability]))
    : []
  return {
    client: clientFamily(typeof name === 'string' ? name : null),
    protocolVersion: typeof version === 'string' ? version : '',
    capabilities: known,
  }
}

function nameOf(method: string, params: JsonObject | null): string | null {
  const member = nameMembers.get(method)
  const name = member === undefined || params === null ? undefined : params[member]
  return typeof name === 'string' ? name : null
}

function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || typeof value === 'number'
}

/** The id as an answer may repeat it: a number this process cannot hold exactly would come back as another. */
function repeatable(id: RequestId): RequestId | null {
  return typeof id === 'string' || Number.isSafeInteger(id) ? id : null
}

function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
