import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiKeyId } from '../../src/identity/api-key.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { startDemoGateway } from '../support/demo-gateway.ts'
import type { DemoGateway } from '../support/demo-gateway.ts'
import { clientModes, connectClient } from '../support/mcp-client.ts'

let gateway: DemoGateway
let url: string
let ada: DemoGateway['ada']
let grace: DemoGateway['grace']

beforeAll(async () => {
  gateway = await startDemoGateway()
  ;({ url, ada, grace } = gateway)
})

afterAll(() => gateway.close())

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

function post(apiKey: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
  return fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
    signal: signal ?? null,
  })
}

async function openSession(apiKey: string): Promise<string> {
  const response = await post(apiKey, initialize)
  await response.text()
  const session = response.headers.get('mcp-session-id') ?? ''
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  const { status } = await post(apiKey, initialized, { 'mcp-session-id': session })
  expect(status).toBe(202)
  return session
}

describe.each(clientModes)('the official client, %s', (mode) => {
  const era = mode === 'legacy' ? 'legacy' : 'modern'

  it('acts as the user whose key it carries, and sees only their notes', async () => {
    const clients = await Promise.all([ada, grace].map(({ apiKey }) => connectClient(url, apiKey, mode)))
    const [hers, other] = clients
    if (hers === undefined || other === undefined) throw new Error('two clients')
    expect(hers.client.getProtocolEra()).toBe(era)
    const { tools } = await hers.client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'whoami',
        'add_note',
        'list_notes',
        'search_notes',
        'delete_note',
        'count_slowly',
      ]),
    )
    expect(await hers.call('whoami')).toMatchObject({ sub: ada.id, workspace: 'analytical', client: null })
    expect(await other.call('whoami')).toMatchObject({ sub: grace.id, workspace: 'compilers', client: null })

    const added = (await hers.call('add_note', { text: `weaves, ${mode}` })) as { note: { id: string } }
    const { id } = added.note
    expect(await hers.call('list_notes')).toMatchObject({ notes: [{ id, text: `weaves, ${mode}` }] })
    expect(await hers.call('search_notes', { query: 'WEAVES' })).toMatchObject({ notes: [{ id }] })
    expect(await other.call('list_notes')).toEqual({ notes: [] })
    expect(await other.call('search_notes', { query: 'weaves' })).toEqual({ notes: [] })
    await expect(other.call('delete_note', { id })).rejects.toThrow('no such note')
    await expect(other.client.readResource({ uri: `notes://mine/${id}` })).rejects.toThrow('no such note')
    expect((await hers.client.readResource({ uri: `notes://mine/${id}` })).contents).toMatchObject([
      { text: `weaves, ${mode}` },
    ])
    expect((await other.client.listResources()).resources).toEqual([])
    const prompt = await hers.client.getPrompt({ name: 'summarize_notes', arguments: {} })
    expect(JSON.stringify(prompt.messages)).toContain(`weaves, ${mode}`)
    expect(await hers.call('delete_note', { id })).toEqual({ deleted: id })
    await Promise.all(clients.map((client) => client.close()))
  })

  it('gets progress while the call is still running', async () => {
    const hers = await connectClient(url, ada.apiKey, mode)
    const seen: number[] = []
    const counted = await hers.call(
      'count_slowly',
      { to: 3, pauseMs: 20 },
      { onprogress: ({ progress }) => void seen.push(progress) },
    )
    expect(counted).toEqual({ counted: 3 })
    expect(seen).toEqual([1, 2, 3])
    await hers.close()
  })

  it('stops the call at the upstream when it cancels', async () => {
    const hers = await connectClient(url, ada.apiKey, mode)
    const since = gateway.lines.length
    const abort = new AbortController()
    const call = hers.call(
      'count_slowly',
      { to: 100, pauseMs: 500 },
      { signal: abort.signal, onprogress: () => abort.abort('enough') },
    )
    await expect(call).rejects.toThrow('enough')
    expect(await gateway.logged('count_slowly was cancelled', since)).toContain('"count":1')
    await hers.close()
  })

  it("is told when its user's notes change, and of nobody else's", async () => {
    const [hers, other] = await Promise.all([
      connectClient(url, ada.apiKey, mode),
      connectClient(url, grace.apiKey, mode),
    ])
    const heard: string[] = []
    let wake = () => {}
    for (const [who, { client }] of [['ada', hers] as const, ['grace', other] as const]) {
      client.setNotificationHandler('notifications/resources/list_changed', () => {
        heard.push(who)
        wake()
      })
    }
    const hearsFrom = (who: string) =>
      new Promise<void>((resolve) => {
        wake = () => heard.includes(who) && resolve()
        wake()
      })
    if (era === 'legacy') await Promise.all([hers.streaming, other.streaming])
    else await Promise.all([hers, other].map(({ client }) => client.listen({ resourcesListChanged: true })))
    await hers.call('add_note', { text: 'one more' })
    await hearsFrom('ada')
    await other.call('add_note', { text: 'mine' })
    await hearsFrom('grace')
    // Each user's stream keeps its order, so that whatever came astray had come before.
    expect(heard).toEqual(['ada', 'grace'])
    for (const { call } of [hers, other]) {
      const { notes } = (await call('list_notes')) as { notes: { id: string }[] }
      for (const { id } of notes) await call('delete_note', { id })
    }
    await Promise.all([hers.close(), other.close()])
  })

  it('is refused with 401 on the next call after its key was revoked', async () => {
    const extra = await gateway.extraKey(grace)
    const theirs = await connectClient(url, extra, mode)
    expect(await theirs.call('whoami')).toMatchObject({ sub: grace.id })
    const actor = { kind: 'admin', id: null } as const
    expect(
      await gateway.store.apiKeys.revoke(apiKeyId(extra) ?? '', systemClock.now(), {}, actor),
    ).toBeDefined()
    await expect(theirs.call('whoami')).rejects.toMatchObject({ status: 401 })
    await theirs.client.close()
  })
})

describe('a legacy session', () => {
  it('T2, T10: is, with the key of another user, as unknown as one that never was', async () => {
    const session = await openSession(ada.apiKey)
    const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' }
    const refusal = async (apiKey: string, id: string) => {
      const response = await post(apiKey, list, { 'mcp-session-id': id })
      const body = (await response.json()) as { error: { data: { requestId?: string } } }
      delete body.error.data.requestId
      return { status: response.status, body }
    }
    const foreign = await refusal(grace.apiKey, session)
    expect(foreign.status).toBe(404)
    expect(foreign).toEqual(await refusal(grace.apiKey, session.replaceAll(/./g, '0')))
    const own = await post(ada.apiKey, list, { 'mcp-session-id': session })
    expect(own.status).toBe(200)
    expect(await own.text()).toContain('whoami')
  })

  it('is resumed where its stream broke, and by its own user only', async () => {
    const session = await openSession(ada.apiKey)
    const headers = { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
    const call = {
      jsonrpc: '2.0',
      id: 8,
      method: 'tools/call',
      params: {
        name: 'count_slowly',
        arguments: { to: 6, pauseMs: 100 },
        _meta: { progressToken: 'p' },
      },
    }
    const broken = new AbortController()
    const first = await post(ada.apiKey, call, headers, broken.signal)
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of first.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      if (text.includes('"progress":2')) break
    }
    broken.abort()
    const lastEventId = [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? ''

    const resume = (apiKey: string) =>
      fetch(url, {
        headers: {
          ...headers,
          authorization: `Bearer ${apiKey}`,
          accept: 'text/event-stream',
          'last-event-id': lastEventId,
        },
      })
    expect((await resume(grace.apiKey)).status).toBe(404)
    let resumed = await resume(ada.apiKey)
    // Until the upstream has seen the first stream end, it answers that there is one.
    while (resumed.status === 409) resumed = await resume(ada.apiKey)
    const rest = await resumed.text()
    expect([...rest.matchAll(/"progress":(\d)/g)].map(([, step]) => step)).toEqual(['3', '4', '5', '6'])
    expect(rest).toContain('"counted":6')
  })
})

describe('the sample upstream', () => {
  it.each([
    ['nothing', undefined],
    ["a user's API key", () => ada.apiKey],
    ['another token', () => 'eyJhbGciOiJub25lIn0.e30.'],
  ])('refuses whoever shows %s instead of the assertion', async (_what, token) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token()}` }
    const response = await fetch(gateway.upstreamUrl, {
      method: 'POST',
      headers: { ...headers, ...authorization },
      body: JSON.stringify(initialize),
    })
    expect(response.status).toBe(401)
  })
})
