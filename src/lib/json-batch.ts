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

/** Bytes that another thread sees too, without a copy. */
export function sharedBytes(size: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(size))
}

/**
 * JSON texts with commas between them, written as they come: what waits is a few bytes, not objects that the
 * collector has to move. One that is emptied keeps its room.
 */
export class JsonBatch {
  items = 0
  /** Whether one of the items is lasting. */
  lasting = false
  readonly #frame: BatchFrame
  readonly #allocate: (size: number) => Buffer
  #bytes: Buffer
  #used: number

  constructor(
    frame: BatchFrame,
    allocate: (size: number) => Buffer = (size) => Buffer.allocUnsafeSlow(size),
  ) {
    const { opening, closing } = frame
    this.#frame = frame
    this.#allocate = allocate
    this.#bytes = allocate((opening.length + closing.length) * longest + first * usualItem)
    this.#used = this.#bytes.write(opening, 0, 'utf8')
  }

  add(item: string, lasting = false): void {
    this.#ensure((item.length + 1) * longest)
    this.#used += this.#bytes.write(this.items > 0 ? `,${item}` : item, this.#used, 'utf8')
    this.items += 1
    this.lasting ||= lasting
  }

  /** All of it; a view of its own bytes, which holds until it is emptied. */
  whole(): Buffer {
    const end = this.#used + this.#bytes.write(this.#frame.closing, this.#used, 'utf8')
    return this.#bytes.subarray(0, end)
  }

  /** Begins anew in the same bytes. */
  empty(): void {
    this.items = 0
    this.lasting = false
    this.#used = this.#bytes.write(this.#frame.opening, 0, 'utf8')
  }

  /** Makes room for so many bytes, and leaves some for the end. */
  #ensure(bytes: number): void {
    const wanted = this.#used + bytes + this.#frame.closing.length * longest
    if (wanted <= this.#bytes.length) return
    const larger = this.#allocate(Math.max(this.#bytes.length * 4, wanted))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
