import { Agent, request } from 'node:http'

/** What a client gets, read as far as the tests care. */
export interface Answer {
  readonly status: number
  /** The reason of a refusal; null otherwise. */
  readonly reason: string | null
  /** Whom the upstream was told of, when it echoes that. */
  readonly caller: { readonly sub?: string; readonly workspace?: string; readonly scope?: string } | null
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

/** Calls made over kept-alive connections that all of them share. */
export interface Calls {
  post(path: string, key: string | null, more?: { session?: string; method?: string }): Promise<Answer>
  close(): void
}

/** Opens a client of the gateway at a port. */
export function openCalls(port: number): Calls {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  return {
    close: () => agent.destroy(),
    post(path, key, { session, method = 'tools/list' } = {}) {
      const headers = {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(session === undefined ? {} : { 'mcp-session-id': session }),
      }
      return new Promise((resolve, reject) => {
        const call = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (answer) => {
          const pieces: Buffer[] = []
          answer.on('data', (piece: Buffer) => pieces.push(piece))
          answer.once('error', reject)
          answer.once('end', () => {
            const body = Buffer.concat(pieces).toString('utf8')
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, ...readBody(body) })
          })
        })
        call.once('error', reject)
        call.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method }))
      })
    },
  }
}

function readBody(body: string): Pick<Answer, 'reason' | 'caller'> {
  if (!body.startsWith('{')) return { reason: null, caller: null }
  const { result, error } = JSON.parse(body) as {
    result?: { caller?: Answer['caller'] }
    error?: { data?: { reason?: string } }
  }
  return { reason: error?.data?.reason ?? null, caller: result?.caller ?? null }
}

/** Other people's calls, going on until `stop`, which answers how many there were and what was wrong. */
export interface Traffic {
  stop(): Promise<{ readonly count: number; readonly wrong: readonly string[] }>
}

/** Starts lanes of calls with these keys; each must go through as its own user. */
export function startTraffic(calls: Calls, keys: readonly { key: string; sub: string }[]): Traffic {
  const state = { stopped: false }
  let count = 0
  const wrong: string[] = []
  const lane = async ({ key, sub }: { key: string; sub: string }) => {
    while (!state.stopped) {
      const { status, caller, body } = await calls.post('/mcp', key)
      count += 1
      if (status !== 200 || caller?.sub !== sub) wrong.push(`${sub}: ${status} ${body}`)
    }
  }
  const running = Promise.all(keys.map(lane))
  return {
    async stop() {
      state.stopped = true
      await running
      return { count, wrong }
    },
  }
}
