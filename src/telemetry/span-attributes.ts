import type { Principal } from '../principal/principal.ts'
import type { Declared, Identity, Maybe, SpanField } from './field.ts'
import type { SignalFields, signals } from './signals.ts'
import type { Attribute, AttributeValue } from './span.ts'

/** Who a request is attributed to on its server span; nothing unless the operator asks for it. */
export interface SpanAttribution {
  forSpan(principal: Principal): Readonly<Record<string, string>>
}

export type ServerFacts = SignalFields<'server_span'>
export type ClientFacts = SignalFields<'client_span'>

/** What is on spans only where the operator opted in. */
export interface SpanDisclosure {
  /** `telemetry.traces.details`: what requests are about, such as `mcp.resource.uri`. */
  readonly details: boolean
  /** `telemetry.traces.arguments`: tool arguments and results, redacted. */
  readonly contents: boolean
  /** `telemetry.traces.clientAddress`. */
  readonly clientAddress: boolean
}

type Plain<D> = D extends Maybe<infer F> ? F : D
/** The fields that become attributes by themselves; a field no span may carry cannot be written into a table. */
type AttributeKey<Fields extends Readonly<Record<string, Declared>>> = {
  [F in keyof Fields]: Plain<Fields[F]> extends Identity
    ? never
    : Plain<Fields[F]> extends SpanField
      ? F
      : never
}[keyof Fields]
type Table<Fields extends Readonly<Record<string, Declared>>> = Readonly<Record<AttributeKey<Fields>, string>>

/*
 * Names of the OpenTelemetry conventions for HTTP, RPC, generative AI and MCP, as constants of our own: the published
 * package marks the MCP ones as moved.
 */
const shared = {
  method: 'http.request.method',
  mcp_method: 'mcp.method.name',
  upstream: 'sallyport.upstream',
  tool: 'gen_ai.tool.name',
  prompt: 'gen_ai.prompt.name',
  rpc_code: 'rpc.response.status_code',
  error_type: 'error.type',
} as const

const serverNames: Table<(typeof signals.server_span)['fields']> = {
  ...shared,
  route: 'http.route',
  status: 'http.response.status_code',
  http_version: 'network.protocol.version',
  protocol_version: 'mcp.protocol.version',
  client: 'mcp.client.name',
  request_number: 'jsonrpc.request.id',
  resource_uri: 'mcp.resource.uri',
  address: 'client.address',
  arguments: 'gen_ai.tool.call.arguments',
  result: 'gen_ai.tool.call.result',
}

const clientNames: Table<(typeof signals.client_span)['fields']> = {
  ...shared,
  server_address: 'server.address',
  server_port: 'server.port',
}

const overTcp: readonly Attribute[] = [
  ['network.protocol.name', 'http'],
  ['network.transport', 'tcp'],
]

/** The option each field of kind `detail` waits for. */
const options: Readonly<Record<string, keyof SpanDisclosure>> = {
  resource_uri: 'details',
  arguments: 'contents',
  result: 'contents',
  address: 'clientAddress',
}

/** Whether the operator has asked for a field of kind `detail`. */
export function isDisclosed(field: string, discloses: SpanDisclosure): boolean {
  const option = options[field]
  return option !== undefined && discloses[option]
}

export function serverAttributes(
  facts: ServerFacts,
  discloses: SpanDisclosure,
  attribution: SpanAttribution,
): Attribute[] {
  const withheld = Object.keys(options).filter((field) => !isDisclosed(field, discloses))
  const shown = { ...facts, ...Object.fromEntries(withheld.map((field) => [field, undefined])) }
  const attributes = named(serverNames, shown)
  attributes.push(...Object.entries(attribution.forSpan(facts.principal)))
  return attributes
}

export function clientAttributes(facts: ClientFacts): Attribute[] {
  return named(clientNames, facts)
}

/** The convention's types: an id is text, whatever it was in JSON. */
function named(
  names: Readonly<Record<string, string>>,
  facts: Readonly<Record<string, AttributeValue | Principal | undefined>>,
): Attribute[] {
  const attributes: Attribute[] = [...overTcp]
  for (const [key, name] of Object.entries(names)) {
    const value = facts[key]
    if (value === undefined || typeof value === 'object') continue
    attributes.push([name, key === 'request_number' ? String(value) : value])
  }
  if (facts['tool'] !== undefined) attributes.push(['gen_ai.operation.name', 'execute_tool'])
  return attributes
}
