import { expect, it } from 'vitest'
import { saysSessionLost } from './lost-session.ts'

const said = (message: unknown) =>
  Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: 1, message } }))

it.each([
  'Bad Request: No valid session ID provided',
  'Bad Request: Server not initialized',
  'Session not found',
  'Unknown session.',
  'session expired',
])('%j says that the session is lost', (message) => {
  expect(saysSessionLost(said(message))).toBe(true)
})

it.each(['Invalid arguments', 'Unsupported protocol version', 'sessions are not supported', '', 5, null])(
  '%j does not',
  (message) => {
    expect(saysSessionLost(said(message))).toBe(false)
  },
)

it.each(['', 'session', '{"error":"session"}', 'null', '[]', '{"error":null}', '{"message":"session"}'])(
  'the body %j is no JSON-RPC error, so it says nothing',
  (body) => {
    expect(saysSessionLost(Buffer.from(body))).toBe(false)
  },
)
