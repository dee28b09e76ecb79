/** One final answer, as its bytes said it. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>
  readonly body: string
  readonly closes: boolean
}

const statusLine = /^HTTP\/1\.1 ([1-9]\d\d) [\t\x20-\x7e\x80-\xff]*$/
const fieldLine =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[\t ]*$/
const chunkLine = /^[0-9a-f]+$/i

/** Reads answers from one connection, and accepts nothing that RFC 9112 does not allow. */
export class AnswerReader {
  readonly answers: Answer[] = []
  /** What was wrong with the bytes; null while nothing is. */
  malformed: string | null = null
  readonly #isHead: (index: number) => boolean
  #buffer = Buffer.alloc(0)
  /** Bytes the buffer must have before another look pays. */
  #wanted = 0

  constructor(isHead: (index: number) => boolean) {
    this.#isHead = isHead
  }

  /** Whether an answer has begun and not ended. */
  get torn(): boolean {
    return this.#buffer.length > 0
  }

  get rest(): string {
    return this.#buffer.toString('latin1')
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#buffer, chunk])
    if (this.#buffer.length >= this.#wanted) this.#read(false)
  }

  /** The connection has ended: an answer without any length is whole now. */
  end(): void {
    this.#read(true)
  }

  #read(ended: boolean): void {
    while (this.malformed === null && this.#buffer.length > 0) {
      const taken = this.#take(ended)
      if (taken === null) return
      this.#wanted = 0
      this.#buffer = this.#buffer.subarray(taken)
    }
  }

  #take(ended: boolean): number | null {
    const headEnd = this.#buffer.indexOf('\r\n\r\n')
    if (headEnd === -1) return null
    const [first = '', ...lines] = this.#buffer.toString('latin1', 0, headEnd).split('\r\n')
    const status = Number(statusLine.exec(first)?.[1] ?? 0)
    if (status === 0) return this.#reject(`status line ${JSON.stringify(first)}`)
    const fields = new Map<string, string>()
    for (const line of lines) {
      const [, name = '', value = ''] = fieldLine.exec(line) ?? []
      if (name === '') return this.#reject(`field ${JSON.stringify(line)}`)
      if (fields.has(name.toLowerCase()) && name.toLowerCase() !== 'vary')
        return this.#reject(`${name} twice`)
      fields.set(name.toLowerCase(), value)
    }
    const start = headEnd + 4
    if (status < 200) return start
    const body = this.#body(start, status, fields, ended)
    if (body === null) return null
    const closes = fields.get('connection')?.toLowerCase() === 'close'
    this.answers.push({ status, fields, body: body.text, closes })
    return body.end
  }

  #body(start: number, status: number, fields: ReadonlyMap<string, string>, ended: boolean) {
    const whole = (end: number) => ({ text: this.#buffer.toString('utf8', start, end), end })
    const chunked = fields.get('transfer-encoding') === 'chunked'
    const length = fields.get('content-length')
    if (chunked && length !== undefined) return this.#reject('both framings')
    if (this.#isHead(this.answers.length) || status === 204 || status === 304) return whole(start)
    if (chunked) return this.#chunks(start)
    if (length === undefined) return ended ? whole(this.#buffer.length) : null
    if (!/^\d+$/.test(length)) return this.#reject(`length ${length}`)
    const end = start + Number(length)
    this.#wanted = end
    return this.#buffer.length < end ? null : whole(end)
  }

  #chunks(start: number): { text: string; end: number } | null {
    const parts: Buffer[] = []
    for (let place = start; ;) {
      const lineEnd = this.#buffer.indexOf('\r\n', place)
      if (lineEnd === -1) return null
      const line = this.#buffer.toString('latin1', place, lineEnd)
      if (!chunkLine.test(line)) return this.#reject(`chunk ${JSON.stringify(line)}`)
      const size = Number.parseInt(line, 16)
      const next = lineEnd + 2 + size + 2
      if (this.#buffer.length < next) return null
      if (this.#buffer.toString('latin1', next - 2, next) !== '\r\n') return this.#reject('chunk end')
      if (size === 0) return { text: Buffer.concat(parts).toString('utf8'), end: next }
      parts.push(this.#buffer.subarray(lineEnd + 2, next - 2))
      place = next
    }
  }

  #reject(what: string): null {
    this.malformed ??= `malformed answer: ${what}`
    return null
  }
}
