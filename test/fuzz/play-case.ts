import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { AnswerReader } from './answer-reader.ts'
import type { Answer } from './answer-reader.ts'
import type { FuzzCase } from './plan-case.ts'

/** What became of a case. */
export interface Played {
  readonly answers: readonly Answer[]
  readonly malformed: string | null
  /** Whether the last answer broke off. */
  readonly torn: boolean
  readonly rest: string
  /** Whether it took longer than anything may. */
  readonly hung: boolean
  /** Whether the gateway closed the connection, and not the client. */
  readonly closed: boolean
  /** Whether the connection was reset, which may cost answers that were on their way. */
  readonly reset: boolean
  readonly seconds: number
}

/** How long the gateway may be silent to a client that waits, in milliseconds. */
const patienceMs = 20_000
/** The same where a broken upstream has a second to answer. */
const brokenPatienceMs = 8000
/** How long a client waits for an answer to what may be no request at all. */
const curiosityMs = 100

/** Sends a case over a connection of its own and collects what comes back. */
export async function playCase(fuzzCase: FuzzCase, port: number): Promise<Played> {
  const began = performance.now()
  const { pieces, tail, inTurn, ending } = fuzzCase
  const line = await openLine(port, (index) => pieces[index]?.head === true)
  const whole = Buffer.concat(pieces.map(({ bytes }) => bytes))
  let hung = false
  try {
    if (ending === 'abandon') {
      const all = Buffer.concat([whole, tail])
      await line.write(all.subarray(0, Math.ceil(all.length * ((fuzzCase.index % 7) / 6))), fuzzCase.writes)
    } else if (tail.length === 0) {
      await line.write(whole, fuzzCase.writes)
      if (ending === 'half-close') hung = !(await line.endAndWait())
      else hung = !(await line.answered(pieces.length, fuzzCase.broken ? brokenPatienceMs : patienceMs))
    } else {
      await line.write(inTurn ? whole : Buffer.concat([whole, tail]), fuzzCase.writes)
      if (inTurn && !(await line.answered(pieces.length, patienceMs))) hung = true
      if (inTurn) await line.write(tail, fuzzCase.writes)
      if (ending === 'stall') hung ||= !(await line.answered(pieces.length + 1, patienceMs))
      else {
        if (ending === 'wait') await line.answered(pieces.length + 1, curiosityMs)
        hung ||= !(await line.endAndWait())
      }
    }
  } finally {
    line.socket.destroy()
  }
  const { answers, malformed, torn, rest } = line.reader
  const seconds = (performance.now() - began) / 1000
  return { answers, malformed, torn, rest, hung, closed: line.closed(), reset: line.reset(), seconds }
}

interface Line {
  readonly socket: Socket
  readonly reader: AnswerReader
  closed(): boolean
  reset(): boolean
  write(bytes: Buffer, sizes: readonly number[]): Promise<void>
  /** Whether so many answers, or the end of the connection, came within the time. */
  answered(count: number, withinMs: number): Promise<boolean>
  /** Closes the client's direction; whether the gateway then closes its own. */
  endAndWait(): Promise<boolean>
}

async function openLine(port: number, isHead: (index: number) => boolean): Promise<Line> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const reader = new AnswerReader(isHead)
  let closed = false
  let notice: () => void = () => {}
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk)
    notice()
  })
  const over = () => {
    if (!closed) reader.end()
    closed = true
    notice()
  }
  let reset = false
  socket.on('error', () => (reset = true))
  await once(socket, 'connect')
  socket.on('end', over)
  socket.on('close', over)
  const within = (holds: () => boolean, ms: number) =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => settle(false), ms)
      const settle = (outcome: boolean) => {
        clearTimeout(timer)
        notice = () => {}
        resolve(outcome)
      }
      notice = () => (holds() || closed ? settle(true) : undefined)
      notice()
    })
  return {
    socket,
    reader,
    closed: () => closed,
    reset: () => reset,
    async write(bytes, sizes) {
      let turn = 0
      for (let place = 0; place < bytes.length; turn += 1) {
        if (closed) return
        // Past some hundreds of pieces, more of them say nothing new.
        const size = turn > 200 ? bytes.length : (sizes[turn % sizes.length] ?? bytes.length)
        socket.write(bytes.subarray(place, place + size))
        place += size
        if (place < bytes.length) await new Promise((resolve) => setImmediate(resolve))
      }
    },
    answered: (count, ms) => within(() => reader.answers.length >= count || reader.malformed !== null, ms),
    endAndWait() {
      socket.end()
      return within(() => false, patienceMs)
    },
  }
}
