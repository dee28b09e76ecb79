import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDemoGateway } from '../support/demo-gateway.ts'
import type { DemoGateway } from '../support/demo-gateway.ts'

interface KnownClient {
  /** As it calls itself in `clientInfo`. */
  readonly name: string
  readonly version: string
  readonly protocol: string
  readonly capabilities: object
  readonly agent?: string
  /** Whether it sends the negotiated version with later requests, as 2025-06-18 demands. */
  readonly silent?: boolean
}

const [march, june, november] = ['2025-03-26', '2025-06-18', '2025-11-25']
const roots = { roots: { listChanged: true } }
const elicitation = { elicitation: {} }

/**
 * Names and capabilities as public records of `initialize` have them (apify/mcp-client-capabilities and the clients'
 * own sources). Versions are examples, and 5ire's name is its product's.
 */
const known: Readonly<Record<string, KnownClient>> = {
  'Claude Desktop': { name: 'claude-ai', version: '0.1.0', protocol: june, capabilities: {} },
  'Claude Code': {
    name: 'claude-code',
    version: '2.0.0',
    protocol: june,
    capabilities: { roots: {} },
    agent: 'claude-code/2.0.0',
  },
  Cursor: {
    name: 'cursor-vscode',
    version: '1.0.0',
    protocol: june,
    capabilities: { ...roots, ...elicitation },
  },
  'VS Code': {
    name: 'Visual Studio Code',
    version: '1.107.0',
    protocol: november,
    capabilities: {
      ...roots,
      sampling: {},
      elicitation: { form: {}, url: {} },
      tasks: { requests: { tools: { call: {} } } },
    },
  },
  Zed: { name: 'Zed', version: '0.200.0', protocol: march, capabilities: {}, silent: true },
  Goose: { name: 'goose', version: '1.0.0', protocol: march, capabilities: {}, silent: true },
  LibreChat: { name: '@librechat/api-client', version: '1.2.3', protocol: june, capabilities: {} },
  '5ire': { name: '5ire', version: '0.13.0', protocol: june, capabilities: {} },
  opencode: { name: 'opencode', version: '1.0.0', protocol: june, capabilities: {} },
  Codex: { name: 'codex-mcp-client', version: '0.50.0', protocol: june, capabilities: elicitation },
  'Gemini CLI': { name: 'gemini-cli-mcp-client', version: '0.0.1', protocol: june, capabilities: {} },
  Windsurf: { name: 'windsurf-client', version: '1.0.0', protocol: march, capabilities: {}, silent: true },
  Cline: { name: 'Cline', version: '3.30.0', protocol: june, capabilities: {} },
  Roo: { name: 'Roo-Code', version: '3.30.0', protocol: june, capabilities: {} },
  Continue: { name: 'continue-cli-client', version: '1.0.0', protocol: june, capabilities: {} },
  'MCP Inspector': {
    name: 'inspector-client',
    version: '0.17.0',
    protocol: november,
    capabilities: { sampling: {}, ...elicitation, ...roots },
  },
}

let demo: DemoGateway
beforeAll(async () => {
  demo = await startDemoGateway()
})
afterAll(() => demo.close())

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly message: Readonly<Record<string, unknown>>
}

/** Posts as a legacy client does; the answer is JSON, or the last event of a stream. */
async function post(sent: Readonly<Record<string, string>>, message: object): Promise<Reply> {
  const fixed = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }
  const body = JSON.stringify({ jsonrpc: '2.0', ...message })
  const answer = await fetch(demo.url, { method: 'POST', headers: { ...fixed, ...sent }, body })
  const text = await answer.text()
  const data = text.startsWith('{')
    ? text
    : (text
        .match(/^data: (\{.*\})$/gm)
        ?.at(-1)
        ?.slice('data: '.length) ?? '{}')
  return { status: answer.status, headers: answer.headers, message: JSON.parse(data) as Reply['message'] }
}

describe.each(Object.entries(known))('%s', (_, client) => {
  const { name, version, protocol, capabilities, agent, silent = false } = client
  const identity = () => ({
    Authorization: `Bearer ${demo.ada.apiKey}`,
    ...(agent === undefined ? {} : { 'User-Agent': agent }),
  })

  it('initializes, lists tools, calls one and leaves', async () => {
    const clientInfo = { name, version }
    const params = { protocolVersion: protocol, capabilities, clientInfo }
    const opened = await post(identity(), { id: 0, method: 'initialize', params })
    expect(opened.status).toBe(200)
    expect(opened.message).toMatchObject({ id: 0, result: { protocolVersion: protocol } })
    const session = opened.headers.get('mcp-session-id') ?? ''
    const later = {
      ...identity(),
      'Mcp-Session-Id': session,
      ...(silent ? {} : { 'MCP-Protocol-Version': protocol }),
    }
    expect((await post(later, { method: 'notifications/initialized' })).status).toBe(202)

    const listed = await post(later, { id: 1, method: 'tools/list', params: {} })
    const { tools } = listed.message['result'] as { tools: { name: string }[] }
    expect(tools.map((tool) => tool.name)).toContain('whoami')

    const called = await post(later, {
      id: 2,
      method: 'tools/call',
      params: { name: 'whoami', arguments: {} },
    })
    const { structuredContent } = called.message['result'] as { structuredContent: object }
    expect(structuredContent).toMatchObject({ sub: demo.ada.id, workspace: demo.ada.workspace })

    const left = await fetch(demo.url, { method: 'DELETE', headers: later })
    expect(left.status).toBe(200)
    expect((await post(later, { id: 3, method: 'tools/list' })).status).toBe(404)
  })
})
