import { attributes, fields, first, hex, messages, number, text } from './protobuf-fields.ts'

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
