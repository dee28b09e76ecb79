import type { Dice } from './dice.ts'
import { refusalAt, upstreamNames } from './holders.ts'
import type { Holder, UpstreamName } from './holders.ts'
import type { Ticket } from './ledger.ts'

/** An MCP session that a client of the run has opened. */
interface OpenSession {
  readonly id: string
  readonly owner: string
  readonly upstream: UpstreamName
  ended: boolean
  /** Requests under way that name it: nobody ends it meanwhile, so that each one's outcome is certain. */
  users: number
}

/** Decides what is asked next, and knows the sessions there are. */
export class Plan {
  readonly #holders: readonly Holder[]
  readonly #byOwner: ReadonlyMap<string, readonly Holder[]>
  readonly #sessions: OpenSession[] = []
  readonly #named = new Map<string, OpenSession>()

  constructor(holders: readonly Holder[]) {
    this.#holders = holders
    const sound = holders.filter(({ refused }) => refused === null)
    this.#byOwner = new Map(Object.entries(Object.groupBy(sound, ({ owner }) => owner)).map(nonEmpty))
  }

  /** The next request of one client. */
  next(dice: Dice): Ticket {
    if (this.#sessions.length > 20 && dice.chance(0.3)) return this.#inSession(dice)
    const opens = dice.chance(0.1)
    const holder = dice.pick(this.#holders)
    // A refused POST whose body nobody read ends its connection; a GET leaves it to those behind.
    const reads = !opens && dice.chance(holder.refused === null ? 0.03 : 0.8)
    return ticketFor(dice, holder, dice.pick(upstreamNames), { method: reads ? 'GET' : 'POST', opens })
  }

  /** What an answer tells: the session it has opened, or that the one it named is over. */
  answered(ticket: Ticket, status: number, opened: string | null): void {
    const named = this.release(ticket)
    if (status !== 200) return
    if (ticket.method === 'DELETE' && named !== undefined) named.ended = true
    if (opened === null) return
    const { holder, upstream } = ticket
    const session = { id: opened, owner: holder.owner, upstream, ended: false, users: 0 }
    this.#sessions.push(session)
    if (this.#sessions.length > 400) this.#sessions.shift()
  }

  /** A request that names a session is over, in whatever way. */
  release({ nonce }: Ticket): OpenSession | undefined {
    const named = this.#named.get(nonce)
    if (named !== undefined) named.users -= 1
    this.#named.delete(nonce)
    return named
  }

  /** By its owner (with any key of theirs), or by anybody; at its upstream, or at another; now and then its end. */
  #inSession(dice: Dice): Ticket {
    const session = dice.pick(this.#sessions)
    const owners = this.#byOwner.get(session.owner) ?? []
    const holder = dice.chance(0.6) && owners.length > 0 ? dice.pick(owners) : dice.pick(this.#holders)
    const upstream = dice.chance(0.9) ? session.upstream : dice.pick(upstreamNames)
    const isTheirs = holder.owner === session.owner && upstream === session.upstream
    const ends = isTheirs && session.users === 0 && dice.chance(0.1) && refusalAt(holder, upstream) === null
    const usable = isTheirs && !session.ended
    // While one request ends the session, what another one gets is anybody's guess.
    if (session.users < 0) return ticketFor(dice, holder, upstream, { method: 'POST', opens: false })
    const use = { method: ends ? 'DELETE' : 'POST', opens: false, session: session.id, usable } as const
    const ticket = ticketFor(dice, holder, upstream, use)
    session.users = ends ? -1_000_000 : session.users + 1
    this.#named.set(ticket.nonce, session)
    return ticket
  }
}

function nonEmpty([owner, holders]: [string, Holder[] | undefined]): [string, readonly Holder[]] {
  return [owner, holders ?? []]
}

interface Use {
  readonly method: Ticket['method']
  readonly opens: boolean
  readonly session?: string
  /** Whether the session is the holder's to use there. */
  readonly usable?: boolean
}

function ticketFor(dice: Dice, holder: Holder, upstream: UpstreamName, use: Use): Ticket {
  const { method, opens, session = null, usable = true } = use
  const nonce = `nonce-${dice.hex()}`
  const sse = method === 'GET' || (method === 'POST' && dice.chance(0.4))
  const filler = 'x'.repeat(dice.chance(0.02) ? dice.under(40_000) : dice.under(200))
  const message = { jsonrpc: '2.0', id: nonce, method: opens ? 'initialize' : 'tools/call' }
  const body = method === 'POST' ? JSON.stringify({ ...message, params: { name: 'note', sse, filler } }) : ''
  const refused = refusalAt(holder, upstream) ?? (usable ? null : 'session_unknown')
  return { nonce, holder, upstream, method, session, sse, body, refused }
}

/** The header fields of a ticket's request. */
export function fieldsOf({ nonce, holder, session, body }: Ticket): [string, string][] {
  const fields: [string, string][] = [['Mcp-Param-Nonce', nonce]]
  if (holder.authorization !== null) fields.push(['Authorization', holder.authorization])
  if (session !== null) fields.push(['Mcp-Session-Id', session])
  if (body !== '') fields.push(['Content-Type', 'application/json'])
  return fields
}
