import type { RecordedCall } from '../../support/recording-upstream.ts'
import type { Holder, UpstreamName } from './holders.ts'

/** One request: who sends it, and what must come of it. */
export interface Ticket {
  readonly nonce: string
  readonly holder: Holder
  readonly upstream: UpstreamName
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly session: string | null
  /** Whether the answer is an event stream. */
  readonly sse: boolean
  readonly body: string
  /** The reason it must be refused for; null when it must go through. */
  readonly refused: string | null
}

/** What a client got. */
export interface Got {
  readonly status: number
  readonly requestId: string
  readonly body: string
}

const nonceShape = /nonce-[0-9a-f]{24}/g

/** Knows of each request what must come of it, and writes down whatever comes otherwise. */
export class Ledger {
  readonly mistakes: string[] = []
  readonly counts: Record<string, number> = { sent: 0, forwarded: 0, refused: 0, abandoned: 0, events: 0 }
  readonly #urls: Readonly<Record<UpstreamName, string>>
  readonly #tickets = new Map<string, Ticket & { arrivals: number; abandoned: boolean }>()
  readonly #requestIds = new Set<string>()

  constructor(urls: Readonly<Record<UpstreamName, string>>) {
    this.#urls = urls
  }

  sent(ticket: Ticket): void {
    this.#tickets.set(ticket.nonce, { ...ticket, arrivals: 0, abandoned: false })
    this.count('sent')
  }

  count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  /** A call has reached an upstream: it must be one that may, with the identity of its own request. */
  arrived(at: UpstreamName, { method, headers, body, claims }: RecordedCall): void {
    this.count('upstream calls')
    const nonce = String(headers['mcp-param-nonce'])
    const ticket = this.#tickets.get(nonce)
    if (ticket === undefined) return this.#mistake(`an upstream got a call nobody sent: ${nonce}`)
    ticket.arrivals += 1
    const { holder } = ticket
    const carried = {
      at,
      method,
      body,
      session: headers['mcp-session-id'] ?? null,
      sub: claims?.sub,
      workspace: claims?.['workspace'],
      scope: claims?.['scope'],
      audience: claims?.aud,
    }
    const own = {
      at: ticket.upstream,
      method: ticket.method,
      body: ticket.body,
      session: ticket.session,
      sub: holder.sub,
      workspace: holder.workspace,
      scope: holder.scope,
      audience: this.#urls[at],
    }
    const [got, wanted] = [JSON.stringify(carried), JSON.stringify(own)]
    if (got !== wanted) this.#mistake(`an upstream got ${got} for ${wanted}`)
    if (ticket.refused !== null) this.#mistake(`${nonce} reached an upstream despite ${ticket.refused}`)
  }

  /** A client has its whole answer: it must be the one to its own request. */
  answered(ticket: Ticket, { status, requestId, body }: Got): void {
    const { nonce, holder, refused } = ticket
    if (this.#requestIds.has(requestId) || !requestId.startsWith('req_'))
      this.#mistake(`${nonce}: the request id ${requestId} is not of this request alone`)
    this.#requestIds.add(requestId)
    this.onlyTheirs([ticket], body)
    if (refused !== null) {
      this.count('refused')
      this.count(`refused: ${refused}`)
      if (status < 400 || !body.includes(`"reason":"${refused}","requestId":"${requestId}"`))
        this.#mistake(`${nonce}: ${status} ${body} for ${refused}`)
      return
    }
    this.count('forwarded')
    if (status !== 200) return this.#mistake(`${nonce}: ${status} ${body} for a call that is allowed`)
    const messages = messagesOf(body)
    const wanted = ticket.method === 'DELETE' ? 0 : ticket.sse ? 3 : 1
    if (messages.length !== wanted) this.#mistake(`${nonce}: ${messages.length} messages for ${wanted}`)
    if (ticket.sse) this.count('events')
    const { sub, workspace, scope } = holder
    const own = JSON.stringify({ nonce, caller: { sub, workspace, scope } })
    for (const message of messages)
      if (message !== own) this.#mistake(`${nonce}: got ${message} instead of ${own}`)
  }

  /** A client has left in the midst of it; what it got until then must be of its own requests. */
  abandoned(tickets: readonly Ticket[], partial: string): void {
    for (const { nonce } of tickets) {
      const ticket = this.#tickets.get(nonce)
      if (ticket !== undefined) ticket.abandoned = true
      this.count('abandoned')
    }
    this.onlyTheirs(tickets, partial)
  }

  onlyTheirs(tickets: readonly Ticket[], text: string): void {
    for (const [nonce] of text.matchAll(nonceShape))
      if (!tickets.some((ticket) => ticket.nonce === nonce))
        this.#mistake(`${tickets.map((ticket) => ticket.nonce).join()} got something of ${nonce}`)
  }

  /** After the last answer: each call has arrived exactly as often as it may. */
  close(): void {
    for (const { nonce, arrivals, refused, abandoned } of this.#tickets.values()) {
      if (refused !== null && arrivals === 0) continue
      if (arrivals === 1 || (abandoned && arrivals === 0)) continue
      this.#mistake(`${nonce} arrived ${arrivals} times`)
    }
  }

  #mistake(text: string): void {
    this.mistakes.push(text)
  }
}

/** `{nonce, caller}` of each message in an answer, whichever form it has. */
function messagesOf(body: string): string[] {
  if (body === '') return []
  if (body.startsWith('{')) return [contentOf(body)]
  return body
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => contentOf(event.replace(/^data: /, '')))
}

function contentOf(text: string): string {
  return JSON.stringify((JSON.parse(text) as { result: unknown }).result)
}
