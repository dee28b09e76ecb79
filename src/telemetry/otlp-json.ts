import { JsonBatch } from '../lib/json-batch.ts'
import type { SpanBatch } from './span-queue.ts'
import { errorStatus, linkFlags, microseconds, spanFlags, spanKinds } from './span.ts'
import type { Attribute, Span, SpanSource } from './span.ts'

/** `ExportTraceServiceRequest` in OTLP's JSON: ids in hex, 64-bit numbers as text, enumerations as numbers. */
export class JsonSpanBatch implements SpanBatch {
  readonly #spans: JsonBatch

  constructor({ resource, scope }: SpanSource) {
    const from = JSON.stringify({ attributes: resource.map(keyValue) })
    const opening = `{"resourceSpans":[{"resource":${from},"scopeSpans":[{"scope":${JSON.stringify(scope)},"spans":[`
    this.#spans = new JsonBatch({ opening, closing: ']}]}]}' })
  }

  get items(): number {
    return this.#spans.items
  }

  add(span: Span): void {
    this.#spans.add(JSON.stringify(spanOf(span)))
  }

  whole(): Buffer {
    return this.#spans.whole()
  }

  empty(): void {
    this.#spans.empty()
  }
}

function spanOf(span: Span) {
  const { traceId, spanId, parentSpanId, name, kind, startedAt, endedAt, attributes, links, failed } = span
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name,
    kind: spanKinds[kind],
    startTimeUnixNano: `${microseconds(startedAt)}000`,
    endTimeUnixNano: `${microseconds(endedAt)}000`,
    attributes: attributes.map(keyValue),
    links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId, flags: linkFlags })),
    status: failed ? { code: errorStatus } : {},
    flags: spanFlags(span),
  }
}

function keyValue([key, value]: Attribute) {
  if (typeof value === 'string') return { key, value: { stringValue: value } }
  if (typeof value === 'boolean') return { key, value: { boolValue: value } }
  return { key, value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value } }
}
