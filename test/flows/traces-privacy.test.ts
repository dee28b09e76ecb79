import { afterEach, describe, expect, it } from 'vitest'
import { answering, startTraced, toolCall } from '../support/traced.ts'
import type { Traced, TracedOptions } from '../support/traced.ts'

let traced: Traced | null = null
afterEach(async () => {
  await traced?.close()
  traced = null
})
const start = async (options?: TracedOptions) => (traced = await startTraced(options))

const secret = 'hunter2-the-secret-of-jane'
const answer = answering(({ body }) => {
  const { id } = JSON.parse(body) as { id: number }
  const content = [{ type: 'text', text: JSON.stringify({ api_key: secret, city: 'Paris' }) }]
  return { jsonrpc: '2.0', id, result: { content, access_token: secret } }
})
const call = toolCall('search', undefined, {
  arguments: {
    city: 'Lyon',
    password: secret,
    nested: [{ Authorization: secret, note: `Bearer ${secret}` }],
    text: `token=${secret}&x=1`,
  },
})
const read = {
  jsonrpc: '2.0',
  id: 1,
  method: 'resources/read',
  params: { uri: `file:///lyon?key=${secret}` },
}

/** Everything the collector was told, heads included, but for the times. */
const told = ({ collector }: Traced) =>
  JSON.stringify([collector.spans, collector.batches], (_, value: unknown) =>
    typeof value === 'bigint' ? '' : value,
  )

describe('what spans say of a call', () => {
  it('is nothing of its words, its resource, its address, its query or its sender by default', async () => {
    const { post, spans, gateway, key } = await start({ respond: answer })
    await post(call, { 'User-Agent': 'lyon-agent' }, '/mcp?lyon=1')
    await post(read)
    const all = await spans()
    expect(all).toHaveLength(4)
    if (traced === null) return
    const text = told(traced)
    for (const word of [secret, key, 'Lyon', 'lyon', 'Paris', '127.0.0.1"', 'example.com', 'usr_']) {
      // The upstream's own address is the operator's, and on the client span.
      const searched = word === '127.0.0.1"' ? text.replaceAll('"server.address":"127.0.0.1"', '') : text
      expect(searched).not.toContain(word)
    }
    expect(JSON.stringify(gateway.logged)).not.toContain(secret)
    for (const { attributes } of all) {
      for (const name of ['url.query', 'url.full', 'url.path', 'user.id', 'user.hash', 'mcp.session.id'])
        expect(attributes).not.toHaveProperty([name])
    }
  })

  it('is the resource, redacted, and the address where the operator asks for them', async () => {
    const { post, spans } = await start({ traces: { details: true, clientAddress: true } })
    await post(read)
    const [server, client] = await spans()
    const about = { 'mcp.resource.uri': 'file:///lyon?key=[redacted]', 'client.address': '127.0.0.1' }
    expect(server?.attributes).toMatchObject(about)
    for (const name of Object.keys(about)) expect(client?.attributes).not.toHaveProperty([name])
  })

  it('is its arguments and result, without any credential, where the operator asks for them', async () => {
    const { post, spans } = await start({ traces: { arguments: true }, respond: answer })
    await post(call)
    const [server, client] = await spans()
    const { 'gen_ai.tool.call.arguments': given, 'gen_ai.tool.call.result': result } =
      server?.attributes ?? {}
    expect(JSON.parse(String(given))).toEqual({
      city: 'Lyon',
      password: '[redacted]',
      nested: [{ Authorization: '[redacted]', note: 'Bearer [redacted]' }],
      text: 'token=[redacted]&x=[redacted]',
    })
    expect(JSON.parse(String(result))).toEqual({
      content: [{ type: 'text', text: { api_key: '[redacted]', city: 'Paris' } }],
      access_token: '[redacted]',
    })
    expect(JSON.stringify(client?.attributes)).not.toContain('Lyon')
    if (traced !== null) expect(told(traced)).not.toContain(secret)
  })
})
