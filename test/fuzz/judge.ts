import { canariesIn } from './canary.ts'
import type { Answer } from './answer-reader.ts'
import type { FuzzCase } from './plan-case.ts'
import type { Played } from './play-case.ts'
import type { Expected } from './request.ts'

/** What stands between two chunks of a body: it may part a mark in the middle, and is gone when that comes back. */
const framing = /\r\n[0-9a-f]+(?:;[^\r\n]*)?\r\n/gi

/** Everything wrong with what became of a case; empty when all that must hold did. */
export function judge(fuzzCase: FuzzCase, played: Played): string[] {
  const { pieces, tail, broken, index } = fuzzCase
  const problems: string[] = []
  if (played.hung && !listens(fuzzCase, played))
    problems.push(`the gateway neither answered nor closed in ${played.seconds.toFixed(1)} s`)
  if (played.malformed !== null) problems.push(played.malformed)
  const canaries = canariesIn(played.answers.map(({ body }) => body).join('\n') + played.rest)
  // What was sent may come back, a mark that mutation has changed included.
  const bytes = Buffer.concat([...pieces.map((piece) => piece.bytes), tail]).toString('latin1')
  const sent = `${bytes}\n${bytes.replaceAll(framing, '')}`
  const own = `cnry-${index.toString(36)}-`
  const foreign = canaries.find((canary) => !canary.startsWith(own) && !sent.includes(canary))
  if (foreign !== undefined) problems.push(`the answer to another request came here: ${foreign}`)
  for (const [place, answer] of played.answers.entries()) {
    problems.push(...judgeAny(answer, broken).map((problem) => `answer ${place}: ${problem}`))
    const expected = pieces[place]?.expected
    if (expected === undefined || expected === null || broken) continue
    const problem = judgeExpected(answer, expected)
    if (problem !== null) problems.push(`answer ${place} (${pieces[place]?.name}): ${problem}`)
  }
  if (!broken) problems.push(...judgeWhole(fuzzCase, played))
  return problems
}

/** A GET waits for events: once its answer has begun, silence is no fault, and its client may leave. */
function listens({ broken, pieces }: FuzzCase, { rest }: Played): boolean {
  return broken && pieces[0]?.bytes.toString('latin1', 0, 4) === 'GET ' && rest.startsWith('HTTP/1.1 200')
}

/** Whether all answers came that had to come, each to its end. */
function judgeWhole({ pieces, ending, inTurn, tail }: FuzzCase, played: Played): string[] {
  const { answers, torn, rest, reset } = played
  const strict =
    inTurn && (ending === 'wait' || ending === 'stall' || tail.length > 0) && ending !== 'abandon'
  if (!strict || answers.some(({ closes }) => closes)) return []
  if (ending === 'half-close' && tail.length === 0) return []
  // A refusal that leaves its body unread ends the connection; what the client has sent behind it resets that.
  const closing = pieces.findIndex(({ expected }) => (expected?.statuses[0] ?? 0) >= 400)
  if (reset && closing !== -1 && (closing < pieces.length - 1 || tail.length > 0)) return []
  const missing = pieces[answers.length]
  if (missing !== undefined) return [`no answer to request ${answers.length} (${missing.name})`]
  return torn && tail.length === 0 ? [`an answer broke off: ${JSON.stringify(rest.slice(0, 300))}`] : []
}

function judgeExpected({ status, body }: Answer, { statuses, reason, echo }: Expected): string | null {
  if (!statuses.includes(status))
    return `${status} where ${statuses.join(' or ')} is right: ${body.slice(0, 300)}`
  if (reason !== null && body !== '' && !body.includes(`"${reason}"`))
    return `${reason} is not what it says: ${body}`
  return echo === null || body.includes(echo) ? null : `${echo} is not in it: ${body.slice(0, 300)}`
}

/** What holds for every answer, whatever was asked. */
function judgeAny({ status, fields, body }: Answer, broken: boolean): string[] {
  const problems: string[] = []
  if (status >= 500 && !broken) problems.push(`${status}: ${body.slice(0, 300)}`)
  if (status === 500 && body.includes('"internal"'))
    problems.push(`the gateway failed: ${body.slice(0, 300)}`)
  const id = fields.get('x-request-id')
  if (id === undefined) return [...problems, `${status} without X-Request-Id`]
  if (!/^req_[0-9A-Za-z]+$/.test(id)) problems.push(`X-Request-Id ${id}`)
  if (status < 400 || body === '' || broken) return problems
  const shape = shapeProblem(body, id)
  return shape === null ? problems : [...problems, shape]
}

interface RefusalBody {
  readonly jsonrpc?: unknown
  readonly error?: {
    readonly code?: unknown
    readonly message?: unknown
    readonly requestId?: unknown
    readonly data?: { readonly reason?: unknown; readonly requestId?: unknown }
  }
}

function shapeProblem(body: string, requestId: string): string | null {
  let parsed: RefusalBody
  try {
    parsed = JSON.parse(body) as RefusalBody
  } catch {
    return `a refusal that is no JSON: ${body.slice(0, 300)}`
  }
  const { error, jsonrpc } = parsed
  const plain = typeof error?.code === 'string' && error.requestId === requestId
  const rpc =
    jsonrpc === '2.0' &&
    typeof error?.code === 'number' &&
    typeof error.data?.reason === 'string' &&
    error.data.requestId === requestId
  const told = typeof error?.message === 'string' && error.message !== ''
  return told && (plain || rpc) ? null : `a refusal of another shape: ${body.slice(0, 300)}`
}
