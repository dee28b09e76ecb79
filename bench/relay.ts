import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import { answerParent, endWhenAsked } from './messages.ts'
import type { ListeningNote } from './messages.ts'

/**
 * The yardstick: `node:http` and `Pool.dispatch` with nothing between them but what any correct relay needs, namely
 * an allow-list of header fields, backpressure, and an abort when the client leaves.
 */
const passed = new Set([
  'accept',
  'accept-language',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'traceparent',
  'tracestate',
  'user-agent',
])
const returned: readonly string[] = [
  'content-type',
  'content-encoding',
  'content-language',
  'cache-control',
  'mcp-session-id',
  'mcp-protocol-version',
  'retry-after',
  'allow',
]

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  #controller: Dispatcher.DispatchController | null = null
  #status = 0
  #fields: string[] = []
  #body: Buffer[] | null = null

  constructor(response: ServerResponse) {
    this.#response = response
    response.once('close', () => {
      if (!response.writableFinished) this.#controller?.abort(new Error('gone'))
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    const fields = this.#fields
    for (const name of returned) {
      const value = headers[name]
      if (typeof value === 'string') fields.push(name, value)
    }
    const length = headers['content-length']
    if (length !== undefined) {
      fields.push('content-length', length)
      this.#status = status
      this.#body = []
    } else this.#response.writeHead(status, fields)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body !== null) this.#body.push(chunk)
    else if (!this.#response.write(chunk)) {
      controller.pause()
      this.#response.once('drain', () => controller.resume())
    }
  }

  onResponseEnd(): void {
    if (this.#body === null) return void this.#response.end()
    this.#response.writeHead(this.#status, this.#fields)
    this.#response.end(this.#body.length === 1 ? this.#body[0] : Buffer.concat(this.#body))
  }

  onResponseError(): void {
    this.#response.destroy()
  }
}

const target = process.argv[2] ?? ''
const pool = new Pool(target, { connections: null, pipelining: 1 })

function relay(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { rawHeaders } = request
    const headers: string[] = []
    for (let place = 0; place < rawHeaders.length; place += 2) {
      const name = (rawHeaders[place] ?? '').toLowerCase()
      if (passed.has(name)) headers.push(name, rawHeaders[place + 1] ?? '')
    }
    const [first = Buffer.alloc(0)] = chunks
    const body = chunks.length === 1 ? first : Buffer.concat(chunks)
    const path = (request.url ?? '').slice('/mcp'.length)
    pool.dispatch({ path, method: 'POST', headers, body }, new Relay(response))
  })
}

const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 30_000 }, relay)
answerParent()
endWhenAsked()
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ listening: `http://127.0.0.1:${port}` } satisfies ListeningNote)
})
