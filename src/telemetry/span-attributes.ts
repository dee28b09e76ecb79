import type { Principal } from '../principal/principal.ts'
import { fieldOf } from './field.ts'
import type { Declared, Identity, Maybe, SpanField } from './field.ts'
import { signals } from './signals.ts'
import type { SignalFields } from './signals.ts'
import type { Attribute, AttributeValue } from './span.ts'

/** Who a request is attributed to on its server span; nothing unless the operator asks for it. */
export interface SpanAttribution {
  forSpan(principal: Principal): Readonly<Record<string, string>>
  forSession(principal: Principal, sessionId: string): Readonly<Record<string, string>>
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
  Object.freeze(['network.protocol.name', 'http'] as const),
  Object.freeze(['network.transport', 'tcp'] as const),
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

/** `sessionId`: for attribution alone, which lets nothing but a hash of it out. */
export function serverAttributes(
  facts: ServerFacts,
  discloses: SpanDisclosure,
  attribution: SpanAttribution,
  sessionId?: string,
): Attribute[] {
  const attributes = named(serverTable, facts, discloses)
  attributes.push(...attributesFor(attribution.forSpan(facts.principal)))
  if (sessionId !== undefined)
    attributes.push(...attributesFor(attribution.forSession(facts.principal, sessionId)))
  return attributes
}

export function clientAttributes(facts: ClientFacts): Attribute[] {
  return named(clientTable, facts, nothingDisclosed)
}

const nothingDisclosed: SpanDisclosure = { details: false, contents: false, clientAddress: false }

/** How one field becomes an attribute, and the option it waits for. */
interface NamedField {
  readonly key: string
  readonly option: keyof SpanDisclosure | undefined
  readonly attribute: (value: AttributeValue) => Attribute
}

const serverTable = tableOf(serverNames, signals.server_span.fields)
const clientTable = tableOf(clientNames, signals.client_span.fields)

function tableOf(
  names: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, Declared>>,
): readonly NamedField[] {
  return Object.entries(names).map(([key, name]) => {
    const declared = fields[key]
    const kind = declared === undefined ? null : fieldOf(declared).kind
    const few = kind === 'oneOf' || kind === 'flag' || kind === 'registered'
    return { key, option: options[key], attribute: few ? remembered(name) : plain(key, name) }
  })
}

/** The same attribute for the same value: its values are members of a closed or capped list. */
function remembered(name: string): NamedField['attribute'] {
  const known = new Map<AttributeValue, Attribute>()
  return (value) => {
    let attribute = known.get(value)
    if (attribute === undefined) known.set(value, (attribute = Object.freeze([name, value] as const)))
    return attribute
  }
}

/** The convention's types: an id is text, whatever it was in JSON. */
function plain(key: string, name: string): NamedField['attribute'] {
  return key === 'request_number' ? (value) => [name, String(value)] : (value) => [name, value]
}

const executesTool: Attribute = Object.freeze(['gen_ai.operation.name', 'execute_tool'] as const)

function named(
  table: readonly NamedField[],
  facts: Readonly<Record<string, AttributeValue | Principal | undefined>>,
  discloses: SpanDisclosure,
): Attribute[] {
  const attributes: Attribute[] = [...overTcp]
  for (const { key, option, attribute } of table) {
    const value = facts[key]
    if (value === undefined || typeof value === 'object') continue
    if (option === undefined || discloses[option]) attributes.push(attribute(value))
  }
  if (facts['tool'] !== undefined) attributes.push(executesTool)
  return attributes
}

const attributed = new WeakMap<Readonly<Record<string, string>>, readonly Attribute[]>()

/** Whoever is attributed comes again, with the same record. */
function attributesFor(record: Readonly<Record<string, string>>): readonly Attribute[] {
  let attributes = attributed.get(record)
  if (attributes === undefined) {
    attributes = Object.entries(record).map((attribute) => Object.freeze(attribute))
    attributed.set(record, attributes)
  }
  return attributes
}
