import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

export type ReceivedEvent = Readonly<Record<string, string | number | boolean>>

/** One batch as it was posted. */
export interface EventPost {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
  /** What it was answered; `hang` when it was not. */
  readonly answered: number | 'hang'
}

/** Where analytics events go in tests: a real HTTP server that can refuse, fail and hang. */
export interface EventReceiver {
  readonly url: string
  /** TCP connections so far. */
  readonly connections: number
  readonly posts: readonly EventPost[]
  /** The events of the posts that were taken. */
  readonly events: readonly ReceivedEvent[]
  /** What posts are answered, in order; the last answer holds for all that follow. */
  answer(...statuses: readonly (number | 'hang')[]): void
  /** Resolves with the events of that name, once there are so many. */
  received(name: string, count?: number): Promise<readonly ReceivedEvent[]>
  /** Resolves once so many posts have come, whatever became of them. */
  posted(count: number): Promise<void>
  close(): Promise<void>
}

export async function startEventReceiver(port = 0): Promise<EventReceiver> {
  const posts: EventPost[] = []
  const events: ReceivedEvent[] = []
  const waiting = new Set<() => void>()
  let answers: (number | 'hang')[] = [204]
  let connections = 0

  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
    const answered = (answers.length > 1 ? answers.shift() : answers[0]) ?? 204
    posts.push({ path: request.url ?? '', headers: request.headers, body, answered })
    if (answered !== 'hang') {
      if (answered < 300) events.push(...eventsIn(body))
      response.writeHead(answered).end()
    }
    for (const look of waiting) look()
  }
  const server = createServer((request, response) => void take(request, response).catch(() => {}))
  server.on('connection', () => {
    connections += 1
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const bound = address !== null && typeof address === 'object' ? address.port : 0

  const until = <Value>(look: () => Value | null) =>
    new Promise<Value>((resolve) => {
      const check = () => {
        const found = look()
        if (found === null) return
        waiting.delete(check)
        resolve(found)
      }
      waiting.add(check)
      check()
    })
  return {
    url: `http://127.0.0.1:${bound}/events`,
    get connections() {
      return connections
    },
    posts,
    events,
    answer(...statuses) {
      answers = [...statuses]
    },
    received: (name, count = 1) =>
      until(() => {
        const found = events.filter(({ event }) => event === name)
        return found.length >= count ? found : null
      }),
    posted: async (count) => void (await until(() => (posts.length >= count ? true : null))),
    async close() {
      server.closeAllConnections()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}

interface OtlpValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
}

/** The events of a batch in either format. */
function eventsIn(body: unknown): ReceivedEvent[] {
  const batch = body as { events?: ReceivedEvent[]; resourceLogs?: unknown }
  if (batch.events !== undefined) return batch.events
  const { resourceLogs } = body as {
    resourceLogs: {
      scopeLogs: { logRecords: { attributes: { key: string; value: OtlpValue }[] }[] }[]
    }[]
  }
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ attributes }) =>
        Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
      ),
    ),
  )
}

function plain({ stringValue, boolValue, intValue }: OtlpValue): string | number | boolean {
  return stringValue ?? boolValue ?? Number(intValue)
}
