import type { RawAnswer, RawConnection } from '../support/raw-http.ts'
import { openRawConnection, rawRequest } from '../support/raw-http.ts'
import type { RecordedCall } from '../support/recording-upstream.ts'
import type { Field } from './credentials.ts'
import { expectedOf, oauthHint, refusalRules, unservedPaths } from './rules.ts'
import type { Cell, Expected, Stay } from './rules.ts'
import type { World } from './world.ts'

/** One cell that was tried: what came, as bytes that are alike for alike answers. */
export interface Tried {
  readonly expected: Expected
  readonly method: string
  /** Head and body without request ids, date, length and connection. */
  readonly bytes: string
}

/** Sends the cells of one world, one after the other, and judges each answer. */
export class CellJudge {
  readonly tried: Tried[] = []
  readonly #world: World
  readonly #requestIds = new Set<string>()
  #connection: RawConnection | null = null
  #count = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Everything that is wrong with the answer to this cell; empty when all is right. */
  async judge(cell: Cell): Promise<string[]> {
    this.#count += 1
    const mark = String(this.#count)
    const answer = await this.#send(cell, mark)
    const expected = expectedOf(cell)
    const wrong: string[] = []
    const same = (what: string, got: unknown, wanted: unknown) => {
      if (got !== wanted) wrong.push(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`)
    }
    const requestId = answer.headers.get('x-request-id') ?? ''
    if (!/^req_[0-9A-Za-z]{13,}$/.test(requestId)) wrong.push(`X-Request-Id: ${requestId}`)
    if (this.#requestIds.has(requestId)) wrong.push('X-Request-Id was used before')
    this.#requestIds.add(requestId)
    const said = `${answer.head}\r\n\r\n${answer.body}`
    // A page shows its owner what is theirs.
    const isTheirs = 'stays' in expected && cell.credential.signedIn === true
    for (const datum of isTheirs ? this.#world.foreign : this.#world.private)
      if (said.includes(datum)) wrong.push(`it contains ${datum}`)

    const calls = this.#callsOf(mark)
    same('upstream calls', calls.length, 'forwarded' in expected ? 1 : 0)
    if ('refused' in expected) this.#judgeRefusal(cell, answer, expected, same)
    else if ('stays' in expected) this.#judgeStay(answer, expected.stays, same)
    else if ('answered' in expected) {
      same('status', answer.status, 200)
      same('Content-Type', answer.headers.get('content-type'), expected.answered)
    } else {
      const { caller, upstream } = { caller: expected.forwarded, upstream: cell.upstream }
      same('status', answer.status, cell.method === 'DELETE' ? 405 : 200)
      const claims = calls[0]?.call.claims
      same('upstream', calls[0]?.upstream, upstream)
      same('sub', claims?.sub, caller.sub?.(this.#world))
      same('workspace', claims?.['workspace'], caller.workspace)
      same('scope', claims?.['scope'], caller.scope)
      const { forwards } = caller
      if (caller.sub === undefined)
        same('credential', calls[0]?.call.headers.authorization, forwards && `Bearer ${forwards}`)
      same('session', calls[0]?.call.headers['mcp-session-id'], this.#sessionOf(cell))
    }
    if (!('refused' in expected || 'stays' in expected))
      same('WWW-Authenticate', answer.headers.get('www-authenticate'), undefined)
    this.tried.push({ expected, method: cell.method, bytes: comparable(said, requestId) })
    return wrong
  }

  close(): void {
    this.#connection?.destroy()
  }

  #judgeStay(
    { status, headers }: RawAnswer,
    stays: Stay,
    same: (what: string, got: unknown, wanted: unknown) => void,
  ): void {
    const location = headers.get('location')?.replace(/^https?:\/\/[^/]+/, '')
    same('status', status, typeof stays === 'string' ? 303 : stays)
    same('Location', location, typeof stays === 'string' ? stays : undefined)
  }

  #judgeRefusal(
    cell: Cell,
    answer: RawAnswer,
    { refused, allow }: { refused: string; allow?: readonly string[] },
    same: (what: string, got: unknown, wanted: unknown) => void,
  ): void {
    const rule = refusalRules[refused]
    if (rule === undefined) throw new Error(`${refused} has no rule in test/isolation/rules.ts`)
    const { status, headers, body } = answer
    same('status', status, rule.status)
    const isPage = cell.isPage
    same(
      'Content-Type',
      headers.get('content-type'),
      isPage ? 'text/html; charset=utf-8' : 'application/json',
    )
    same('Cache-Control', headers.get('cache-control'), 'no-store')
    same('Allow', headers.get('allow'), allow?.join(', '))
    same('Retry-After', headers.get('retry-after'), undefined)
    const challenge = headers.get('www-authenticate')
    if (rule.challenge === undefined) same('WWW-Authenticate', challenge, undefined)
    else {
      const [, presented = ''] = cell.credential.fields?.(this.#world)[0] ?? []
      // Requests are sent to `localhost`, and that name is mirrored.
      const hint = oauthHint(cell, `http://localhost:${this.#world.gateway.port}`, presented)
      same('the end of WWW-Authenticate', challenge?.endsWith(hint), true)
      const plain = challenge?.slice(0, challenge.length - hint.length).replace(/,$/, '') ?? ''
      same(`WWW-Authenticate ${challenge}`, rule.challenge.test(plain), true)
    }
    if (cell.method === 'HEAD' || isPage) return
    const requestId = headers.get('x-request-id')
    const parsed = JSON.parse(body) as { error: { message: string } }
    const { message } = parsed.error
    const id = rule.knowsId === true && cell.method === 'POST' ? 1 : null
    const rpc = {
      jsonrpc: '2.0',
      id,
      error: { code: rule.code, message, data: { reason: refused, requestId } },
    }
    const plain = { error: { code: refused, message, requestId } }
    const isMcp = cell.upstream !== null || (unservedPaths[cell.path] ?? 'not_found') !== 'not_found'
    same('body', body, JSON.stringify(isMcp ? rpc : plain))
  }

  #sessionOf({ upstream, session }: Cell): string | undefined {
    return this.#world.sessions.get(upstream ?? 'code')?.[session]
  }

  #callsOf(mark: string): { upstream: string; call: RecordedCall }[] {
    return [...this.#world.upstreams].flatMap(([upstream, { calls }]) =>
      // Newest first: a call of this cell is at the end.
      calls
        .slice(-3)
        .filter(({ headers }) => headers['mcp-param-mark'] === mark)
        .map((call) => ({ upstream, call })),
    )
  }

  async #send(cell: Cell, mark: string): Promise<RawAnswer> {
    const { method, credential, path } = cell
    const fields: Field[] = [...(credential.fields?.(this.#world) ?? []), ['Mcp-Param-Mark', mark]]
    const session = this.#sessionOf(cell)
    if (session !== undefined) fields.push(['Mcp-Session-Id', session])
    const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
    if (hasBody) fields.push(['Content-Type', 'application/json'])
    const query = credential.query?.(this.#world)
    const target = query === undefined ? path : `${path}?${query}`
    const body = hasBody ? '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' : ''
    this.#connection ??= await openRawConnection(this.#world.gateway.port)
    this.#connection.send(rawRequest(method, target, fields, body))
    const answer = await this.#connection.next({ head: method === 'HEAD' })
    if (answer === null) throw new Error(`${method} ${target}: the connection ended without an answer`)
    if (answer.headers.get('connection') === 'close') {
      this.#connection.destroy()
      this.#connection = null
    }
    return answer
  }
}

function comparable(said: string, requestId: string): string {
  return (
    said
      .replaceAll(requestId, 'REQUEST-ID')
      .replace('"id":1,', '"id":null,')
      // Where to sign in follows from the path and from what was sent.
      .replace(/,? resource_metadata="[^"]*"(?:, scope="[^"]*")?/, '')
      .replaceAll(/\r\n(?:Date|Content-Length|Connection|Keep-Alive): [^\r]*/g, '')
  )
}
