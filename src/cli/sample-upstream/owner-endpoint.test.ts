import { setImmediate as nextTurn } from 'node:timers/promises'
import { McpServer } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../../lib/random.ts'
import { toAuthInfo } from './caller.ts'
import { OwnerEndpoint } from './owner-endpoint.ts'

const caller = toAuthInfo({ sub: 'usr_a', workspace: 'w', scope: '', client: null })

function endpoint() {
  let now = 0
  const clock = { now: () => now, monotonic: () => now }
  const createServer = () => new McpServer({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
  const made = new OwnerEndpoint({ clock, random: systemRandom, createServer })
  const request = (init: RequestInit & { session?: string | null }) => {
    const { session = null, ...rest } = init
    const headers = new Headers({
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    })
    if (session !== null) headers.set('mcp-session-id', session)
    return made.answer(new Request('http://127.0.0.1/mcp', { ...rest, headers }), caller)
  }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } }
  const open = async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    const response = await request({ method: 'POST', body })
    await response.text()
    await nextTurn()
    return response.headers.get('mcp-session-id')
  }
  const ping = async (session: string | null) => {
    const response = await request({
      method: 'POST',
      body: '{"jsonrpc":"2.0","id":2,"method":"ping"}',
      session,
    })
    await response.text()
    await nextTurn()
    return response.status
  }
  return { made, request, open, ping, pass: (ms: number) => void (now += ms) }
}

describe("an owner's endpoint", () => {
  it('T39: ends a session that has been idle for long, and not before', async () => {
    const { made, open, ping, pass } = endpoint()
    const session = await open()
    pass(99)
    expect(made.sweep(100)).toBe(false)
    expect(await ping(session)).toBe(200)
    pass(100)
    expect(made.sweep(100)).toBe(true)
    expect(await ping(session)).toBe(404)
  })

  it('keeps a session while its event stream is open, and notices that the client has gone', async () => {
    const { made, request, open, ping, pass } = endpoint()
    const session = await open()
    const client = new AbortController()
    const stream = await request({ method: 'GET', session, signal: client.signal })
    pass(1000)
    expect(made.sweep(100)).toBe(false)
    expect(await ping(session)).toBe(200)
    client.abort()
    await expect(stream.text()).rejects.toThrow()
    await nextTurn()
    pass(1000)
    expect(made.sweep(100)).toBe(true)
  })

  it('keeps no more sessions than it should: the one unused for longest goes first', async () => {
    const { open, ping } = endpoint()
    const [first, second] = [await open(), await open()]
    for (let more = 0; more < 18; more += 1) await open()
    expect(await ping(first)).toBe(200)
    await open()
    expect([await ping(first), await ping(second)]).toEqual([200, 404])
  })

  it('leaves nothing behind for what does not open a session', async () => {
    const { made, ping, pass } = endpoint()
    expect(await ping(null)).toBe(400)
    expect(await ping('unknown')).toBe(404)
    pass(100)
    expect(made.sweep(100)).toBe(true)
  })
})
