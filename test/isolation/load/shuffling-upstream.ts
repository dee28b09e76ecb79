import type { ServerResponse } from 'node:http'
import type { RecordedCall, RecordingUpstream } from '../../support/recording-upstream.ts'
import { startRecordingUpstream } from '../../support/recording-upstream.ts'
import type { Dice } from './dice.ts'

/** Answers the calls it holds in random order, an event stream one event at a time between other calls' events. */
export function startShufflingUpstream(
  dice: Dice,
  arrived: (call: RecordedCall) => void,
): Promise<RecordingUpstream> {
  const held: (() => boolean)[] = []
  let pumping = false
  const pump = () => {
    for (let moves = 1 + dice.under(held.length); moves > 0 && held.length > 0; moves -= 1) {
      const place = dice.under(held.length)
      if (held[place]?.() === true) held.splice(place, 1)
    }
    pumping = held.length > 0
    if (pumping) setImmediate(pump)
  }
  const respond = (call: RecordedCall, response: ServerResponse) => {
    arrived(call)
    held.push(stepsOf(call, response, dice))
    if (pumping) return
    pumping = true
    setImmediate(pump)
  }
  return startRecordingUpstream({ respond, keep: false })
}

/** Takes one step of an answer; true when it was the last. */
function stepsOf(call: RecordedCall, response: ServerResponse, dice: Dice): () => boolean {
  const { claims, headers, method, body } = call
  const nonce = String(headers['mcp-param-nonce'])
  const caller = { sub: claims?.sub, workspace: claims?.['workspace'], scope: claims?.['scope'] }
  const message = JSON.stringify({ jsonrpc: '2.0', id: nonce, result: { nonce, caller } })
  if (method === 'DELETE') return once(() => response.writeHead(200).end())
  const opens = body.includes('"method":"initialize"') ? { 'Mcp-Session-Id': `session-${dice.hex()}` } : {}
  if (method === 'POST' && !body.includes('"sse":true')) {
    const length = { 'Content-Length': Buffer.byteLength(message) }
    const head = { 'Content-Type': 'application/json', ...(dice.chance(0.5) ? length : {}), ...opens }
    return once(() => response.writeHead(200, head).end(message))
  }
  let step = 0
  return () => {
    if (step === 0) response.writeHead(200, { 'Content-Type': 'text/event-stream', ...opens })
    step += 1
    // Half an event at a time, so that events of different streams lie between each other on the way.
    if (step % 2 === 1) response.write(`data: ${message.slice(0, 40)}`)
    else response.write(`${message.slice(40)}\n\n`)
    if (step < 6) return false
    response.end()
    return true
  }
}

function once(work: () => void): () => boolean {
  return () => {
    work()
    return true
  }
}
