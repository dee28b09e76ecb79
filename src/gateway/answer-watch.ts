import type { Clock } from '../lib/clock.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Completion } from '../telemetry/vocabulary.ts'
import { mayTell, readAnswer } from './answer-error.ts'
import type { CallRecord } from './call-record.ts'

export interface AnswerWatchDependencies {
  readonly clock: Clock
  readonly names: NameRegistry
}

/** Answers and events above this size are not looked into. */
const mostLooked = 262_144

/**
 * Looks at an answer as it passes by, for telling how it went. Holds back nothing and changes nothing; what is too
 * large to hold is not looked at.
 */
export class AnswerWatch {
  readonly #call: CallRecord
  readonly #parts: AnswerWatchDependencies
  readonly #listsTools: boolean
  readonly #listsPrompts: boolean
  /** Whether every answer is read, not only one that may tell of an error. */
  readonly #readsAll: boolean
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(call: CallRecord, parts: AnswerWatchDependencies) {
    this.#call = call
    this.#parts = parts
    this.#listsTools = call.messages.some(({ method }) => method === 'tools/list')
    this.#listsPrompts = call.messages.some(({ method }) => method === 'prompts/list')
    this.#readsAll = this.#listsTools || this.#listsPrompts || call.content !== null
  }

  begin(streaming: boolean): void {
    const now = this.#parts.clock.monotonic()
    this.#call.answeredAt = now
    if (streaming)
      this.#call.stream = { openedAt: now, firstEventAt: null, events: 0, completion: 'truncated' }
  }

  chunk(chunk: Buffer): void {
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= mostLooked) this.#held.push(chunk)
    if (this.#call.stream !== null) this.#splitEvents()
  }

  /** The answer is over, in this way. */
  end(completion: Completion): void {
    const { stream } = this.#call
    if (stream === null) this.#look(this.#taken())
    else stream.completion = completion === 'result' && this.#call.answerError !== null ? 'error' : completion
  }

  /** Looks at each event that is whole and keeps the rest for the next chunk; an event too large to hold is lost. */
  #splitEvents(): void {
    if (this.#heldBytes > mostLooked) {
      this.#held = []
      this.#heldBytes = 0
      return
    }
    const text = this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held)
    let from = 0
    for (let end = eventEnd(text, from); end !== -1; end = eventEnd(text, from)) {
      this.#event(text.subarray(from, end))
      from = end
    }
    const rest = text.subarray(from)
    this.#held = rest.length === 0 ? [] : [rest]
    this.#heldBytes = rest.length
  }

  #event(event: Buffer): void {
    const { stream } = this.#call
    if (stream === null || !event.includes('data:')) return
    stream.events += 1
    stream.firstEventAt ??= this.#parts.clock.monotonic()
    if (!mayTell(event, this.#readsAll)) return
    const lines = event.toString('utf8').split(/\r?\n/)
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5))
    this.#tell(data.join('\n'))
  }

  #taken(): Buffer {
    return this.#heldBytes > mostLooked ? Buffer.alloc(0) : Buffer.concat(this.#held)
  }

  #look(body: Buffer): void {
    if (body.length > 0 && mayTell(body, this.#readsAll)) this.#tell(body.toString('utf8'))
  }

  #tell(text: string): void {
    const { error, tools, prompts, shared } = readAnswer(text)
    if (error !== null) this.#call.answerError = error
    if (this.#call.content !== null && text.includes('"result"')) this.#call.content.answer = text
    if (prompts !== null && this.#listsPrompts && shared !== false)
      for (const name of prompts.slice(0, 500)) this.#parts.names.register('prompt', name.slice(0, 128))
    if (tools === null || !this.#listsTools) return
    this.#call.toolsListed = tools.length
    // A list that is for its caller alone may name that caller; one that does not say is taken for everybody's.
    if (shared !== false)
      for (const name of tools.slice(0, 500)) this.#parts.names.register('tool', name.slice(0, 128))
  }
}

/** Where the event at `from` ends, its blank line included; -1 when it is not whole yet. */
function eventEnd(text: Buffer, from: number): number {
  const plain = text.indexOf('\n\n', from)
  const paired = text.indexOf('\r\n\r\n', from)
  if (paired !== -1 && (plain === -1 || paired < plain)) return paired + 4
  return plain === -1 ? -1 : plain + 2
}
