import type { IncomingMessage, ServerResponse } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'

export interface NodeListenerOptions {
  readonly maxBodyBytes: number
  readonly onError: (error: Error) => void
}

/** Lets Node's HTTP server call a function from `Request` to `Response`; a client that leaves aborts the request. */
export function nodeListener(
  fetch: (request: Request) => Promise<Response>,
  { maxBodyBytes, onError }: NodeListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const handle = toNodeHandler({ fetch }, { maxRequestBodySize: maxBodyBytes, onerror: onError })
  return (request, response) => {
    // The SDK's type of a request differs from Node's in whether a property may be undefined.
    const { method = 'GET', url = '/', headers } = request
    const body = { [Symbol.asyncIterator]: () => request[Symbol.asyncIterator]() }
    const answer = {
      // Node holds the head back for the first byte of the body, which on an event stream may be long in coming.
      writeHead(status: number, fields?: Record<string, string>) {
        response.writeHead(status, fields)
        response.flushHeaders()
      },
      write: (chunk: string | Uint8Array) => response.write(chunk),
      end: (chunk?: string | Uint8Array) => response.end(chunk),
      on: (event: string, listener: (...args: unknown[]) => void) => response.on(event, listener),
    }
    void handle({ method, url, headers, ...body }, answer)
  }
}
