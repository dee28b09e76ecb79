/** One span as a collector reads it, from either encoding. */
export interface SeenSpan {
  readonly traceId: string
  readonly spanId: string
  /** '' for a root. */
  readonly parentSpanId: string
  readonly name: string
  /** 2 server, 3 client. */
  readonly kind: number
  /** Nanoseconds since the epoch. */
  readonly startedAt: bigint
  readonly endedAt: bigint
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly flags: number }[]
  /** 0 unset, 2 error. */
  readonly status: number
  readonly flags: number
  readonly resource: Readonly<Record<string, string | number | boolean>>
  readonly scope: string
}

/** Reads `ExportTraceServiceRequest` in protobuf. Throws on what is none. */
export function readProtobuf(bytes: Buffer): SeenSpan[] {
  return messages(fields(bytes), 1).flatMap((resourceSpans) => {
    const resource = attributes(messages(fields(first(resourceSpans, 1)), 1))
    return messages(resourceSpans, 2).flatMap((scopeSpans) => {
      const scope = fields(first(scopeSpans, 1))
      return messages(scopeSpans, 2).map((span) => ({
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentSpanId: hex(span, 4),
        name: text(span, 5),
        kind: Number(number(span, 6)),
        startedAt: number(span, 7),
        endedAt: number(span, 8),
        attributes: attributes(messages(span, 9)),
        links: messages(span, 13).map((link) => ({
          traceId: hex(link, 1),
          spanId: hex(link, 2),
          flags: Number(number(link, 6)),
        })),
        status: Number(number(fields(first(span, 15)), 3)),
        flags: Number(number(span, 16)),
        resource,
        scope: `${text(scope, 1)} ${text(scope, 2)}`,
      }))
    })
  })
}

type Value = Buffer | bigint
type Fields = ReadonlyMap<number, readonly Value[]>

function fields(bytes: Buffer): Fields {
  const found = new Map<number, Value[]>()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at]
      if (byte === undefined) throw new RangeError('the message ends inside a number')
      at += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number) => {
    if (at + length > bytes.length) throw new RangeError('the message ends inside a field')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const value =
      wire === 0
        ? varint()
        : wire === 1
          ? take(8).readBigUInt64LE()
          : wire === 2
            ? take(Number(varint()))
            : wire === 5
              ? BigInt(take(4).readUInt32LE())
              : null
    if (value === null) throw new RangeError(`wire type ${wire}`)
    const known = found.get(tag >> 3)
    if (known === undefined) found.set(tag >> 3, [value])
    else known.push(value)
  }
  return found
}

const bytesOf = (value: Value | undefined) => (Buffer.isBuffer(value) ? value : Buffer.alloc(0))
const first = (from: Fields, field: number) => bytesOf(from.get(field)?.[0])
const messages = (from: Fields, field: number) =>
  (from.get(field) ?? []).map((value) => fields(bytesOf(value)))
const text = (from: Fields, field: number) => first(from, field).toString('utf8')
const hex = (from: Fields, field: number) => first(from, field).toString('hex')
const number = (from: Fields, field: number) => {
  const value = from.get(field)?.[0]
  return typeof value === 'bigint' ? value : 0n
}

function attributes(pairs: readonly Fields[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const value = fields(first(pair, 2))
      const double = Buffer.alloc(8)
      double.writeBigUInt64LE(number(value, 4))
      const read = value.has(1)
        ? text(value, 1)
        : value.has(2)
          ? number(value, 2) === 1n
          : value.has(3)
            ? Number(number(value, 3))
            : double.readDoubleLE()
      return [text(pair, 1), read]
    }),
  )
}

interface JsonPair {
  readonly key: string
  readonly value: {
    readonly stringValue?: string
    readonly boolValue?: boolean
    readonly intValue?: string | number
    readonly doubleValue?: number
  }
}
interface JsonSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly JsonPair[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly flags: number }[]
  readonly status?: { readonly code?: number }
  readonly flags: number
}
interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly JsonPair[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string }
      readonly spans: readonly JsonSpan[]
    }[]
  }[]
}

/** Reads the same in JSON. */
export function readJson(bytes: Buffer): SeenSpan[] {
  const { resourceSpans } = JSON.parse(bytes.toString('utf8')) as JsonRequest
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        name: span.name,
        kind: span.kind,
        startedAt: BigInt(span.startTimeUnixNano),
        endedAt: BigInt(span.endTimeUnixNano),
        attributes: jsonAttributes(span.attributes ?? []),
        links: (span.links ?? []).map(({ traceId, spanId, flags }) => ({ traceId, spanId, flags })),
        status: span.status?.code ?? 0,
        flags: span.flags,
        resource: jsonAttributes(resource.attributes),
        scope: `${scope.name} ${scope.version}`,
      })),
    ),
  )
}

function jsonAttributes(pairs: readonly JsonPair[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => {
      const whole = intValue === undefined ? undefined : Number(intValue)
      return [key, stringValue ?? boolValue ?? whole ?? doubleValue ?? 0]
    }),
  )
}
