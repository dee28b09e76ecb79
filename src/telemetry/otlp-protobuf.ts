import { ProtobufWriter } from './protobuf-writer.ts'
import type { SpanBatch } from './span-queue.ts'
import { errorStatus, linkFlags, microseconds, spanFlags, spanKinds } from './span.ts'
import type { Attribute, Span, SpanSource } from './span.ts'

/** Bytes of the lengths and tags around all spans, at most. */
const mostAround = 24

/**
 * `ExportTraceServiceRequest` in protobuf (opentelemetry/proto/collector/trace/v1, all of it stable). What goes before the
 * spans says how long they are, so it is written last, into bytes left for it.
 */
export class ProtobufSpanBatch implements SpanBatch {
  items = 0
  readonly #writer = new ProtobufWriter(65_536)
  readonly #resource: Buffer
  readonly #scope: Buffer
  readonly #before: number

  constructor({ resource, scope }: SpanSource) {
    // Field numbers are those of the .proto files.
    this.#resource = written((writer) => writer.nested(1, () => writeAttributes(writer, 1, resource)))
    this.#scope = written((writer) => {
      writer.nested(1, () => {
        writer.text(1, scope.name)
        writer.text(2, scope.version)
      })
    })
    this.#before = this.#resource.length + this.#scope.length + mostAround
    this.#writer.begin(this.#before)
  }

  add(span: Span): void {
    this.#writer.nested(2, () => writeSpan(this.#writer, span))
    this.items += 1
  }

  whole(): Buffer {
    const all = this.#writer.whole()
    const inScope = this.#scope.length + all.length - this.#before
    const scopeHead = written((writer) => writer.opening(2, inScope))
    const inResource = this.#resource.length + scopeHead.length + inScope
    const resourceHead = written((writer) => writer.opening(1, inResource))
    const head = Buffer.concat([resourceHead, this.#resource, scopeHead, this.#scope])
    const start = this.#before - head.length
    all.set(head, start)
    return all.subarray(start)
  }

  empty(): void {
    this.items = 0
    this.#writer.begin(this.#before)
  }
}

function written(write: (writer: ProtobufWriter) => void): Buffer {
  const writer = new ProtobufWriter(256)
  write(writer)
  return writer.whole()
}

function writeSpan(writer: ProtobufWriter, span: Span): void {
  writer.hex(1, span.traceId)
  writer.hex(2, span.spanId)
  if (span.parentSpanId !== null) writer.hex(4, span.parentSpanId)
  writer.text(5, span.name)
  writer.integer(6, spanKinds[span.kind])
  writer.nanoseconds(7, microseconds(span.startedAt))
  writer.nanoseconds(8, microseconds(span.endedAt))
  writeAttributes(writer, 9, span.attributes)
  for (const { traceId, spanId } of span.links) {
    writer.nested(13, () => {
      writer.hex(1, traceId)
      writer.hex(2, spanId)
      writer.fixed32(6, linkFlags)
    })
  }
  writer.nested(15, () => {
    if (span.failed) writer.integer(3, errorStatus)
  })
  writer.fixed32(16, spanFlags(span))
}

export function writeAttributes(
  writer: ProtobufWriter,
  field: number,
  attributes: readonly Attribute[],
): void {
  for (const attribute of attributes) {
    const bytes = known.get(attribute)
    if (bytes !== undefined) writer.message(field, bytes)
    else if (Object.isFrozen(attribute)) writer.message(field, remember(attribute))
    else writer.nested(field, () => writeKeyValue(writer, attribute))
  }
}

/** The bytes of attributes that come again and again. */
const known = new WeakMap<Attribute, Uint8Array>()

function remember(attribute: Attribute): Uint8Array {
  const bytes = Uint8Array.from(written((writer) => writeKeyValue(writer, attribute)))
  known.set(attribute, bytes)
  return bytes
}

function writeKeyValue(writer: ProtobufWriter, [key, value]: Attribute): void {
  writer.text(1, key)
  writer.nested(2, () => {
    if (typeof value === 'string') writer.text(1, value)
    else if (typeof value === 'boolean') writer.integer(2, value ? 1 : 0)
    else if (Number.isSafeInteger(value) && value >= 0) writer.integer(3, value)
    else writer.double(4, value)
  })
}
