import type { Message } from '../mcp/message.ts'
import { knownMethod } from '../mcp/method.ts'
import { redact } from '../telemetry/log.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { ServerFacts } from '../telemetry/span-attributes.ts'
import type { KeptCall, Traces } from '../telemetry/traces.ts'
import { rpcCodes } from '../telemetry/vocabulary.ts'
import type { ErrorType, HttpMethod } from '../telemetry/vocabulary.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { EndedRequest } from './ended-requests.ts'
import { toolOf, versionOf } from './observe-call.ts'
import { contextOf } from './outbound-trace.ts'
import { isRejection } from './refusal.ts'
import { contentOf } from './traced-content.ts'

export interface ObserveTraceParts {
  readonly traces: Traces
  readonly names: NameRegistry
}

/** The refusals that always have a span (T24): somebody was turned away. */
const turnedAway: ReadonlySet<number> = new Set([401, 403, 421, 429])

/**
 * Hands a request to the traces if it is kept: when it was sampled, and otherwise when it was turned away, went wrong
 * or was slow. Probes and scrapes are kept only for the first two of these reasons.
 */
export function observeTrace(ended: EndedRequest, { traces, names }: ObserveTraceParts): void {
  const { call, head, status, error } = ended
  const refused = status !== null && (turnedAway.has(status) || isRefusedGrant(ended))
  const broken = status !== null && status >= 500
  if (call.upstream === null && !refused && !broken) return
  const context = contextOf(ended, traces)
  const sampled = context.sampled && call.upstream !== null
  const wrong = refused || broken || call.answerError !== null
  if (!sampled && !wrong && !isSlow(ended, traces.slowSeconds)) return
  if (!traces.hasRoom(call.sentAt === null ? 1 : 2, refused)) return
  const message = call.messages.find(({ kind }) => kind !== 'response')
  const about = aboutOf(message, ended.method, error, names)
  traces.keep({
    context,
    startedAt: call.startedAt,
    endedAt: ended.endedAt,
    // A refusal is the caller's failure, not this server's (OpenTelemetry HTTP conventions).
    failed: broken || call.answerError !== null,
    facts: serverFacts(ended, { ...about, ...ofMessage(ended, message) }, names),
    // What has gone on was let into the session it names; of any other the caller has only said so.
    sessionId: call.sentAt === null ? undefined : head.sessionId,
    client: clientOf(ended, about, names),
  })
}

/** Refused for who asks where no MCP server is meant: the authorization server says that with 400 and redirects, too. */
function isRefusedGrant({ call }: EndedRequest): boolean {
  return call.upstream === null && call.refused !== null && isRejection(call.refused)
}

/** Whether a call took long. A stream of whatever happens takes as long as its client likes. */
function isSlow({ call, head, endedAt }: EndedRequest, slowSeconds: number): boolean {
  if (endedAt - call.startedAt <= slowSeconds * 1000) return false
  return head.method !== 'GET' && !call.messages.some(({ method }) => method === 'subscriptions/listen')
}

/** What both spans say. A batch is told as its first message: it is one request, with one span. */
function aboutOf(
  message: Message | undefined,
  method: HttpMethod,
  error: ErrorType | undefined,
  names: NameRegistry,
) {
  return {
    method,
    mcp_method: message === undefined ? undefined : knownMethod(message.method),
    tool: message === undefined ? undefined : toolOf(message, names),
    prompt: message?.method === 'prompts/get' ? names.member('prompt', message.name ?? 'other') : undefined,
    rpc_code: rpcCodes.find((code) => code === error),
    error_type: error,
  }
}

type About = ReturnType<typeof aboutOf>

/** What only the server span says of the message. */
function ofMessage({ head }: EndedRequest, message: Message | undefined) {
  const version =
    message?.introduction?.protocolVersion ?? message?.claimedVersion ?? head.protocolVersion?.trim()
  const id = message?.id
  return {
    protocol_version: version === undefined || version === '' ? undefined : versionOf(version),
    request_number: typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined,
    resource_uri: message?.method === 'resources/read' ? uriOf(message) : undefined,
  }
}

function serverFacts(
  { call, address, httpVersion, route, status }: EndedRequest,
  about: About & ReturnType<typeof ofMessage>,
  names: NameRegistry,
): ServerFacts {
  return {
    ...about,
    route: route === 'unknown' ? undefined : route,
    status: status ?? undefined,
    http_version: httpVersion,
    upstream: call.upstream === null ? undefined : names.member('upstream', call.upstream.name),
    client: call.client === 'absent' ? undefined : call.client,
    principal: call.principal,
    address: address.slice(0, 64),
    ...contentOf(call),
  }
}

function clientOf({ call, endedAt }: EndedRequest, about: About, names: NameRegistry): KeptCall['client'] {
  if (call.sentAt === null || call.upstream === null) return null
  const facts = {
    ...about,
    upstream: names.member('upstream', call.upstream.name),
    ...serverOf(call.upstream, names),
  }
  const answeredAt = call.stream === null ? call.answeredAt : null
  const failed = about.error_type !== undefined && about.error_type !== 'cancelled'
  return { startedAt: call.sentAt, endedAt: answeredAt ?? endedAt, failed, facts }
}

const servers = new WeakMap<Upstream, readonly [host: string, port: number]>()

/** The host and port behind an upstream's URL, which is read once. */
function serverOf(upstream: Upstream, names: NameRegistry) {
  let server = servers.get(upstream)
  if (server === undefined) {
    const { hostname, port, protocol } = new URL(upstream.url)
    server = [hostname, Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port)]
    servers.set(upstream, server)
  }
  return { server_address: names.register('server_address', server[0]), server_port: server[1] }
}

function uriOf({ name }: Message): string | undefined {
  return name === null ? undefined : redact(name).slice(0, 512)
}
