type Value = Buffer | bigint
/** One message, taken apart: field number → values. */
export type Fields = ReadonlyMap<number, readonly Value[]>

/** Takes a protobuf message apart. Throws on what is none. */
export function fields(bytes: Buffer): Fields {
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
export const first = (from: Fields, field: number) => bytesOf(from.get(field)?.[0])
export const messages = (from: Fields, field: number) =>
  (from.get(field) ?? []).map((value) => fields(bytesOf(value)))
export const text = (from: Fields, field: number) => first(from, field).toString('utf8')
export const hex = (from: Fields, field: number) => first(from, field).toString('hex')
export const number = (from: Fields, field: number) => {
  const value = from.get(field)?.[0]
  return typeof value === 'bigint' ? value : 0n
}

/** `KeyValue` pairs (opentelemetry/proto/common/v1). */
export function attributes(pairs: readonly Fields[]): Record<string, string | number | boolean> {
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
