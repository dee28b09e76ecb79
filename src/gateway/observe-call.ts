import { llmFamily } from '../mcp/client-family.ts'
import type { Message } from '../mcp/message.ts'
import { knownMethod } from '../mcp/method.ts'
import type { Registered } from '../telemetry/field.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { errorTypes, operationErrors, protocolVersions } from '../telemetry/vocabulary.ts'
import type { ErrorType, OperationError, ProtocolVersion, ToolOutcome } from '../telemetry/vocabulary.ts'
import { acceptedMethod } from './observe-authentication.ts'
import type { StreamRecord } from './call-record.ts'
import type { EndedRequest } from './ended-requests.ts'
import type { FirstSeen } from './first-seen.ts'
import type { Received } from './received.ts'

export interface ObserveCallParts {
  readonly emit: Emit
  readonly names: NameRegistry
  readonly firstSeen: FirstSeen
}

/** What a request's sender is, without saying who. */
export function senderOf({ head, call }: Pick<Received, 'head' | 'call'>) {
  const auth_mode = acceptedMethod(head.credential, call.principal)
  return { auth_mode, client: call.client, llm_family: llmFamily(call.client) }
}

/** States what became of one request on an MCP endpoint, once its answer is over. */
export function observeCall(ended: EndedRequest, parts: ObserveCallParts): void {
  const { emit, names } = parts
  const { call, endedAt, at } = ended
  if (call.upstream === null) return
  const upstream = names.member('upstream', call.upstream.name)
  const error = ended.error === undefined ? undefined : (messageErrors.get(ended.error) ?? 'other')
  const sender = senderOf(ended)
  const shared = {
    upstream,
    duration: (endedAt - call.startedAt) / 1000,
    principal: call.principal,
    ...sender,
  }
  for (const message of call.messages) {
    if (message.kind === 'response') continue
    const mcp_method = knownMethod(message.method)
    const tool = toolOf(message, names)
    const operation = {
      ...shared,
      mcp_method,
      tool,
      error_type: error,
      target: message.name?.slice(0, 256),
      resource_uri: message.method === 'resources/read' ? message.name?.slice(0, 512) : undefined,
      address: ended.address.slice(0, 64),
      request_id: ended.requestId,
      trace_id: call.trace?.traceId,
    }
    emit('operation_ended', operation, at)
    if (call.sentAt !== null) {
      const duration = ((call.answeredAt ?? endedAt) - call.sentAt) / 1000
      emit('upstream_operation_ended', { mcp_method, upstream, error_type: error, duration })
    }
    observeUse(message, ended, shared, { tool, error }, parts)
  }
  if (call.stream !== null) observeStream(call.stream, ended, shared, emit)
}

interface Shared extends ReturnType<typeof senderOf> {
  readonly upstream: Registered<'upstream'>
  readonly duration: number
  readonly principal: Received['call']['principal']
}

interface UseParts {
  readonly tool: Registered<'tool'> | undefined
  readonly error: OperationError | undefined
}

/** The events of product usage, each with what its own sentence in the catalogue says. */
function observeUse(
  message: Message,
  { call, at }: EndedRequest,
  shared: Shared,
  { tool, error }: UseParts,
  { emit, firstSeen }: ObserveCallParts,
): void {
  const { upstream, duration, principal, auth_mode, client, llm_family } = shared
  const sender = { auth_mode, client, llm_family }
  if (message.method === 'tools/call' && tool !== undefined) {
    const use = {
      upstream,
      tool,
      outcome: outcomeOf(error),
      error_kind: error,
      duration,
      principal,
      ...sender,
    }
    emit('tool_called', { ...use, streamed: call.stream !== null }, at)
  }
  // Only a client's own listing counts, and only one that was answered (T27).
  if (message.method === 'tools/list' && call.toolsListed !== null) {
    emit('tools_listed', { upstream, count: call.toolsListed, principal, ...sender }, at)
  }
  if (message.introduction !== null && isIntroduction(message, call, error, firstSeen)) {
    const { protocolVersion, capabilities } = message.introduction
    const introduced = {
      protocol_version: versionOf(protocolVersion),
      caps_sampling: capabilities.includes('sampling'),
      caps_elicitation: capabilities.includes('elicitation'),
      caps_roots: capabilities.includes('roots'),
      caps_tasks: capabilities.includes('tasks'),
      principal,
      ...sender,
    }
    emit('session_initialized', introduced, at)
  }
}

/** A legacy client introduces itself once in each session; a modern one in every request, of which the first counts. */
function isIntroduction(
  { method, claimedVersion }: Message,
  { principal, client, refused }: Received['call'],
  error: UseParts['error'],
  firstSeen: FirstSeen,
): boolean {
  if (claimedVersion === null) return method === 'initialize' && error === undefined
  return refused === null && firstSeen.isFirst(principal, client)
}

function observeStream(
  stream: StreamRecord,
  { call, endedAt, at }: EndedRequest,
  { upstream, principal, auth_mode, client, llm_family }: Shared,
  emit: Emit,
): void {
  const first = stream.firstEventAt
  const over = {
    upstream,
    completion: stream.completion,
    duration: (endedAt - stream.openedAt) / 1000,
    first_event_after: first === null ? undefined : (first - call.startedAt) / 1000,
    event_count: stream.events,
    principal,
    auth_mode,
    client,
    llm_family,
  }
  emit('stream_completed', over, at)
}

const requestErrors: ReadonlyMap<string, ErrorType> = new Map(errorTypes.map((type) => [type, type]))
const messageErrors: ReadonlyMap<string, OperationError> = new Map(
  operationErrors.map((type) => [type, type]),
)

/** What went wrong: our refusal, else what the answer said, else that the client left before it was over. */
export function errorOf({ call, response }: Received): ErrorType | undefined {
  if (call.refused !== null) return requestErrors.get(call.refused) ?? 'other'
  if (call.answerError !== null) return call.answerError
  return response.writableFinished ? undefined : 'cancelled'
}

export function toolOf({ method, name }: Message, names: NameRegistry): Registered<'tool'> | undefined {
  return method === 'tools/call' ? names.member('tool', name ?? 'other') : undefined
}

const upstreamErrors: ReadonlySet<string> = new Set<OperationError>([
  'upstream_unreachable',
  'upstream_failed',
  'upstream_refused_gateway',
  'upstream_redirected',
])

function outcomeOf(error: OperationError | undefined): ToolOutcome {
  if (error === undefined) return 'success'
  if (error === 'tool_error' || error === 'cancelled') return error
  if (error === 'upstream_timeout') return 'timeout'
  if (upstreamErrors.has(error)) return 'upstream_error'
  return error.startsWith('-') || error === 'other' ? 'protocol_error' : 'denied'
}

export function versionOf(text: string): ProtocolVersion {
  return protocolVersions.find((version) => version === text) ?? 'other'
}
