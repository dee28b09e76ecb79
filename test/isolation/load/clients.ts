import { request } from 'node:http'
import type { Agent, IncomingMessage } from 'node:http'
import { openRawConnection, rawRequest } from '../../support/raw-http.ts'
import type { RawConnection } from '../../support/raw-http.ts'
import type { Dice } from './dice.ts'
import { fieldsOf } from './plan.ts'
import type { Plan } from './plan.ts'
import type { Ledger, Ticket } from './ledger.ts'

export interface ClientParts {
  readonly port: number
  readonly plan: Plan
  readonly ledger: Ledger
  /** One client's own dice. */
  readonly dice: Dice
  /** Takes up to so many calls from what is left of the run; 0 when it is over. */
  readonly take: (most: number) => number
}

const leaves = 0.02

/** A client on a pool of kept-alive connections that all such clients share. */
export async function pooledClient(parts: ClientParts, agent: Agent): Promise<void> {
  while (parts.take(1) === 1) await callPooled(parts, agent)
}

function callPooled({ port, plan, ledger, dice }: ClientParts, agent: Agent): Promise<void> {
  const ticket = plan.next(dice)
  const { method, upstream, body } = ticket
  // Where it leaves: before the answer, at its head, or behind its first piece.
  const leaving = dice.chance(leaves) ? dice.under(3) : null
  ledger.sent(ticket)
  return new Promise((resolve) => {
    const headers = Object.fromEntries(fieldsOf(ticket))
    const call = request({ port, host: '127.0.0.1', agent, method, path: `/mcp/${upstream}`, headers })
    let text = ''
    const leave = () => {
      call.destroy()
      ledger.abandoned([ticket], text)
      plan.release(ticket)
      resolve()
    }
    call.on('error', (error) => {
      if (leaving !== null) return
      ledger.mistakes.push(`${ticket.nonce}: ${error.message}`)
      resolve()
    })
    call.once('response', (answer: IncomingMessage) => {
      if (leaving === 1) return leave()
      answer.setEncoding('utf8')
      answer.on('error', () => {})
      answer.on('data', (piece: string) => {
        if (text === '' && leaving === 2) leave()
        text += piece
      })
      answer.once('end', () => {
        if (leaving !== null) return leave()
        const { statusCode: status = 0, headers } = answer
        ledger.answered(ticket, { status, requestId: String(headers['x-request-id']), body: text })
        plan.answered(ticket, status, headers['mcp-session-id']?.toString() ?? null)
        return resolve()
      })
      return undefined
    })
    call.end(body)
    if (leaving === 0) setImmediate(leave)
  })
}

/** A client that writes several people's requests onto one socket at once, and uses the socket again and again. */
export async function pipeliningClient(parts: ClientParts): Promise<void> {
  let connection: RawConnection | null = null
  for (let size = parts.take(1 + parts.dice.under(8)); size > 0; size = parts.take(1 + parts.dice.under(8))) {
    connection ??= await openRawConnection(parts.port)
    const reusable = await sendBatch(parts, connection, size)
    if (reusable && !parts.dice.chance(0.05)) continue
    connection.destroy()
    connection = null
  }
  connection?.destroy()
}

/** Answers whether the connection can be used again. */
async function sendBatch({ plan, ledger, dice }: ClientParts, connection: RawConnection, size: number) {
  const batch = Array.from({ length: size }, () => plan.next(dice))
  for (const ticket of batch) ledger.sent(ticket)
  ledger.count('batches')
  connection.send(batch.map(textOf).join(''))
  const stay = dice.chance(leaves * 2) ? dice.under(size) : size
  for (const [place, ticket] of batch.entries()) {
    const answer = place >= stay ? null : await connection.next()
    if (answer === null) {
      const rest = batch.slice(place)
      ledger.abandoned(rest, connection.pending)
      for (const left of rest) plan.release(left)
      if (place < stay) ledger.count('cut')
      return false
    }
    const { status, headers, body } = answer
    ledger.answered(ticket, { status, requestId: headers.get('x-request-id') ?? '', body })
    plan.answered(ticket, status, headers.get('mcp-session-id') ?? null)
  }
  if (connection.pending !== '') ledger.mistakes.push(`more than was asked for: ${connection.pending}`)
  return true
}

function textOf(ticket: Ticket): string {
  return rawRequest(ticket.method, `/mcp/${ticket.upstream}`, fieldsOf(ticket), ticket.body)
}
