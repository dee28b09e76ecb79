/** What stands around the items of a batch. */
export interface BatchFrame {
  readonly opening: string
  readonly closing: string
}

/** Bytes most items fit into. */
const usualItem = 640
const first = 8
/** The most bytes of a UTF-16 unit in UTF-8. */
const longest = 3

/**
 * JSON texts with commas between them, written as they come: what waits is a few bytes, not objects that the
 * collector has to move.
 */
export class JsonBatch {
  items = 0
  /** Whether one of the items is lasting. */
  lasting = false
  readonly #closing: string
  #bytes: Buffer
  #used: number

  constructor({ opening, closing }: BatchFrame) {
    this.#closing = closing
    this.#bytes = Buffer.allocUnsafeSlow((opening.length + closing.length) * longest + first * usualItem)
    this.#used = this.#bytes.write(opening, 0, 'utf8')
  }

  add(item: string, lasting = false): void {
    this.#ensure((item.length + 1) * longest)
    if (this.items > 0) this.#used += this.#bytes.write(',', this.#used, 'utf8')
    this.#used += this.#bytes.write(item, this.#used, 'utf8')
    this.items += 1
    this.lasting ||= lasting
  }

  /** All of it. */
  whole(): Buffer {
    const end = this.#used + this.#bytes.write(this.#closing, this.#used, 'utf8')
    return this.#bytes.subarray(0, end)
  }

  /** Makes room for so many bytes, and leaves some for the end. */
  #ensure(bytes: number): void {
    const wanted = this.#used + bytes + this.#closing.length * longest
    if (wanted <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 4, wanted))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
