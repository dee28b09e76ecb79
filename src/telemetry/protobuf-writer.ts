/** Wire types of protobuf. */
const varint = 0
const eightBytes = 1
const delimited = 2
const fourBytes = 5

const twoTo32 = 0x1_0000_0000

/** Writes protobuf into a buffer that grows. */
export class ProtobufWriter {
  #buffer: Buffer
  #at = 0

  /** `size`: the bytes it has room for to begin with. */
  constructor(size = 16_384) {
    this.#buffer = Buffer.allocUnsafe(size)
  }

  whole(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  /** Forgets what it has, keeps its room, and leaves so many bytes at the beginning to whoever writes them later. */
  begin(at: number): void {
    this.#at = 0
    this.#ensure(at)
    this.#at = at
  }

  /** The beginning of a message within, whose bytes come next: so many of them. */
  opening(field: number, length: number): void {
    this.#tag(field, delimited)
    this.#varint(length)
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
    this.opening(field, bytes.length)
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

  fixed64(field: number, value: bigint): void {
    this.#tag(field, eightBytes)
    this.#ensure(8)
    this.#at = this.#buffer.writeBigUInt64LE(value, this.#at)
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

  /** Many numbers of eight bytes in one field (`packed`), as `write` puts each. */
  packed64(field: number, count: number, write: (buffer: Buffer, at: number, place: number) => void): void {
    if (count === 0) return
    this.#tag(field, delimited)
    this.#varint(count * 8)
    this.#ensure(count * 8)
    for (let place = 0; place < count; place += 1) {
      write(this.#buffer, this.#at, place)
      this.#at += 8
    }
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
