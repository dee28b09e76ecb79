import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { Failure } from '../lib/error.ts'
import { createAnswerUnreadable } from './answer-unreadable.ts'
import type { AnswerUnreadableDependencies } from './answer-unreadable.ts'
import type { Listener } from './listener.ts'

export interface HttpServerOptions {
  readonly maxHeaderBytes: number
  readonly bodyTimeoutSeconds: number
}

/** A server whose limits hold before any of our code runs: head size, head and body time, idle connections. */
export function createHttpServer(
  { maxHeaderBytes, bodyTimeoutSeconds }: HttpServerOptions,
  listener: Listener,
  dependencies: AnswerUnreadableDependencies,
): Server {
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: Math.min(bodyTimeoutSeconds, 15) * 1000,
      requestTimeout: bodyTimeoutSeconds * 1000,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 1000,
      // Host is judged by our own guard, on every route alike.
      requireHostHeader: false,
    },
    listener,
  )
  server.maxHeadersCount = 200
  server.on('clientError', createAnswerUnreadable(dependencies))
  // Behind an answer that is still to come, Node would put the 100 inside ours; without one it closes behind ours, and
  // that resets a connection on which more has arrived, which can take the answer along (RFC 9112 section 9.6). So the
  // request waits for its turn.
  server.on('checkContinue', (request, response) => {
    const proceed = () => {
      response.writeContinue()
      listener(request, response)
    }
    if (response.socket === null) response.once('socket', proceed)
    else proceed()
  })
  // An expectation we do not know may be passed over (RFC 9110 section 10.1.1); Node's own 417 has no shape of ours.
  server.on('checkExpectation', listener)
  return server
}

/** Starts listening; answers the port it got. A bind error is a failure with its reason, never silence (T42). */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(bindFailure(error, host, port))
    server.once('error', onError)
    server.listen(port, host, () => {
      server.off('error', onError)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

const bindFixes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'stop what listens there, or choose another with --port',
  EACCES: 'choose a port from 1024 up, or grant the right to bind it',
  EADDRNOTAVAIL: 'choose an address of this machine with --host',
  ENOTFOUND: 'choose an address of this machine with --host',
}

function bindFailure(error: NodeJS.ErrnoException, host: string, port: number): Failure {
  const code = error.code ?? 'unknown'
  return new Failure({
    code: 'bind_failed',
    status: 500,
    message: `cannot listen on ${host}:${port} (${code})`,
    fix: bindFixes[code] ?? 'see the error code',
    cause: error,
  })
}

/**
 * Stops accepting, gives running requests `seconds` to end, then breaks off what is left. Answers whether
 * everything ended in time.
 */
export async function drain(server: Server, seconds: number, running: () => number): Promise<boolean> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  // Node closes what is idle now. It leaves a kept-alive connection that falls idle later, and takes one that was never
  // used for busy (clients open spare ones): with no request running there is nothing to wait for.
  const closeUnused = () => {
    server.closeIdleConnections()
    if (running() === 0) server.closeAllConnections()
  }
  const sweep = setInterval(closeUnused, 50)
  closeUnused()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000)
  })
  const inTime = await Promise.race([closed.then(() => true), late])
  clearTimeout(timer)
  clearInterval(sweep)
  if (!inTime) server.closeAllConnections()
  await closed
  return inTime
}
