/** What stands around the items of a batch. */
export interface BatchFrame {
  readonly opening: string
  readonly closing: string
}

/** Bytes most items fit into. */
const usualItem = 640
const first = 8

/** The body of one post as it grows: texts in ASCII, with commas between them. */
export class Batch {
  items = 0
  /** Whether one of the items is lasting. */
  lasting = false
  readonly #closing: string
  #bytes: Buffer
  #used: number

  constructor({ opening, closing }: BatchFrame) {
    this.#closing = closing
    this.#bytes = Buffer.allocUnsafeSlow(opening.length + closing.length + first * usualItem)
    this.#used = this.#bytes.write(opening, 0, 'latin1')
  }

  add(item: string, lasting: boolean): void {
    this.#ensure(item.length + 1)
    if (this.items > 0) this.#used += this.#bytes.write(',', this.#used, 'latin1')
    this.#used += this.#bytes.write(item, this.#used, 'latin1')
    this.items += 1
    this.lasting ||= lasting
  }

  /** The whole body; nothing may be added after it. */
  whole(): Buffer {
    this.#used += this.#bytes.write(this.#closing, this.#used, 'latin1')
    return this.#bytes.subarray(0, this.#used)
  }

  /** Makes room for so many bytes, and leaves some for the end. */
  #ensure(bytes: number): void {
    const wanted = this.#used + bytes + this.#closing.length
    if (wanted <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 4, wanted))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
