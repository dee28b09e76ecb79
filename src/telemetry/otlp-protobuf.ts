import { errorStatus, linkFlags, microseconds, spanFlags, spanKinds } from './span.ts'
import type { Attribute, Span, SpanSource } from './span.ts'

/** `ExportTraceServiceRequest` in protobuf (opentelemetry/proto/collector/trace/v1, all of it stable). */
export function encodeProtobuf(spans: readonly Span[], { resource, scope }: SpanSource): Buffer {
  const writer = new Writer(65_536)
  // Field numbers are those of the .proto files.
  writer.nested(1, () => {
    writer.nested(1, () => writeAttributes(writer, 1, resource))
    writer.nested(2, () => {
      writer.nested(1, () => {
        writer.text(1, scope.name)
        writer.text(2, scope.version)
      })
      for (const span of spans) writer.nested(2, () => writeSpan(writer, span))
    })
  })
  return writer.whole()
}

function writeSpan(writer: Writer, span: Span): void {
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

function writeAttributes(writer: Writer, field: number, attributes: readonly Attribute[]): void {
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
  const writer = new Writer(256)
  writeKeyValue(writer, attribute)
  const bytes = Uint8Array.from(writer.whole())
  known.set(attribute, bytes)
  return bytes
}

function writeKeyValue(writer: Writer, [key, value]: Attribute): void {
  writer.text(1, key)
  writer.nested(2, () => {
    if (typeof value === 'string') writer.text(1, value)
    else if (typeof value === 'boolean') writer.integer(2, value ? 1 : 0)
    else if (Number.isSafeInteger(value) && value >= 0) writer.integer(3, value)
    else writer.double(4, value)
  })
}

/** Wire types of protobuf. */
const varint = 0
const eightBytes = 1
const delimited = 2
const fourBytes = 5

const twoTo32 = 0x1_0000_0000

/** Writes protobuf into a buffer that grows. */
class Writer {
  #buffer: Buffer
  #at = 0

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size)
  }

  whole(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  /** A message within: its length goes before it and is known after it, so a long one is moved up a little. */
  nested(field: number, write: () => void): void {
    this.#tag(field, delimited)
    this.#ensure(1)
    const start = this.#at
    this.#at += 1
    write()
    const length = this.#at - start - 1
    const more = sizeOf(length) - 1
    if (more > 0) {
      this.#ensure(more)
      this.#buffer.copyWithin(start + 1 + more, start + 1, this.#at)
    }
    this.#at = start
    this.#varint(length)
    this.#at += length
  }

  /** A message within whose bytes are known. */
  message(field: number, bytes: Uint8Array): void {
    this.#tag(field, delimited)
    this.#varint(bytes.length)
    this.#ensure(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  text(field: number, value: string): void {
    this.#tag(field, delimited)
    const length = Buffer.byteLength(value)
    this.#varint(length)
    this.#ensure(length)
    this.#at += this.#buffer.write(value, this.#at)
  }

  hex(field: number, value: string): void {
    this.#tag(field, delimited)
    this.#varint(value.length / 2)
    this.#ensure(value.length / 2)
    this.#at += this.#buffer.write(value, this.#at, 'hex')
  }

  /** Not negative, and exact. */
  integer(field: number, value: number): void {
    this.#tag(field, varint)
    this.#varint(value)
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, fourBytes)
    this.#ensure(4)
    this.#at = this.#buffer.writeUInt32LE(value, this.#at)
  }

  /** Eight bytes, worked out in halves: as one number they would have to be a `bigint`. */
  nanoseconds(field: number, micros: number): void {
    this.#tag(field, eightBytes)
    this.#ensure(8)
    const low = (micros % twoTo32) * 1000
    const high = Math.floor(micros / twoTo32) * 1000 + Math.floor(low / twoTo32)
    this.#at = this.#buffer.writeUInt32LE(high, this.#buffer.writeUInt32LE(low % twoTo32, this.#at))
  }

  double(field: number, value: number): void {
    this.#tag(field, eightBytes)
    this.#ensure(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  #varint(value: number): void {
    let rest = value
    this.#ensure(10)
    while (rest > 0x7f) {
      this.#buffer[this.#at] = (rest % 0x80) + 0x80
      this.#at += 1
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at] = rest
    this.#at += 1
  }

  /** Makes sure that so many bytes fit. A statement of its own: it may replace the buffer. */
  #ensure(bytes: number): void {
    if (this.#at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes))
      this.#buffer.copy(larger, 0, 0, this.#at)
      this.#buffer = larger
    }
  }
}

function sizeOf(value: number): number {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size += 1
  return size
}
