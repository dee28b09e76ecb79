import { apiKeyId } from '../identity/api-key.ts'
import { clientSnippets } from './client-snippets.ts'
import type { DemoUser } from './demo-users.ts'

export interface DemoFacts {
  /** Base URL of the gateway, without path. */
  readonly gateway: string
  /** URL of the sample upstream. */
  readonly upstream: string
  /** The store's location, as `--store` takes it. */
  readonly store: string
  readonly users: readonly [DemoUser, DemoUser]
}

/** What the demo tells a person: what runs, who there is, and commands that can be pasted as they stand. */
export function demoText({ gateway, upstream, store, users }: DemoFacts): string {
  const [ada, grace] = users
  const url = `${gateway}/mcp`
  const keyId = apiKeyId(ada.apiKey) ?? ''
  return [
    'Sallyport demo',
    '',
    `  gateway          ${url}`,
    `  sample upstream  ${upstream}  (refuses whoever does not come through the gateway)`,
    `  store            ${store}`,
    '',
    ...users.flatMap((user) => [
      `${user.email} in workspace ${user.workspace}`,
      `  password  ${user.password}`,
      `  key       ${user.apiKey}`,
      '',
    ]),
    'Sign in',
    `  In a browser, to see sessions, apps and keys: ${gateway}/account`,
    '  With a client, without any key; it opens the browser by itself, then calls as whoever signed in:',
    `    claude mcp add --transport http sallyport ${url}`,
    `    npx mcp-remote ${url}`,
    '',
    ...users.flatMap((user) => [`Calls as ${user.email}`, ...callsOf(user, url), '']),
    'Try next',
    '  A key that was never made is refused with 401:',
    `    ${call(url, `${ada.apiKey.slice(0, -1)}-`, 'tools/list')}`,
    `  A revoked key is refused from its next call on; run this, then a call as ${ada.email} again:`,
    `    npx sallyport keys revoke ${keyId} --store ${store}`,
    `  The notes of ${ada.email} are not there for ${grace.email}, whatever is asked for:`,
    `    ${tool(url, grace.apiKey, 'search_notes', { query: 'engine' })}`,
    '  Numbers for Prometheus, with nobody in them:',
    `    curl -sS ${gateway}/metrics`,
    '',
    `Your own client with a key, as ${ada.email}`,
    '',
    clientSnippets({ url, apiKey: ada.apiKey }),
    '',
    'Ctrl-C ends the demo. The next one makes new keys and passwords.',
  ].join('\n')
}

function callsOf({ apiKey, email }: DemoUser, url: string): string[] {
  const text = email.startsWith('ada') ? 'The engine weaves algebraic patterns.' : 'A ship in port is safe.'
  return [
    `  ${initialize(url, apiKey)}`,
    `  ${call(url, apiKey, 'tools/list')}`,
    `  ${tool(url, apiKey, 'whoami', {})}`,
    `  ${tool(url, apiKey, 'add_note', { text })}`,
    `  ${tool(url, apiKey, 'list_notes', {})}`,
  ]
}

function tool(url: string, apiKey: string, name: string, input: Record<string, string>): string {
  return call(url, apiKey, 'tools/call', { name, arguments: input })
}

const modern = '2026-07-28'

/** One call of modern MCP: stateless, so that one command is one answer. */
function call(
  url: string,
  apiKey: string,
  method: string,
  params: Record<string, unknown> & { name?: string } = {},
) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': modern,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = [`MCP-Protocol-Version: ${modern}`, `Mcp-Method: ${method}`]
  if (params.name !== undefined) headers.push(`Mcp-Name: ${params.name}`)
  return curl(url, apiKey, headers, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } })
}

/** What every legacy client sends first; its answer carries an `Mcp-Session-Id`. */
function initialize(url: string, apiKey: string): string {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'curl', version: '1' },
  }
  return curl(url, apiKey, [], { jsonrpc: '2.0', id: 1, method: 'initialize', params })
}

function curl(url: string, apiKey: string, headers: readonly string[], body: unknown): string {
  const all = [
    `Authorization: Bearer ${apiKey}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    ...headers,
  ]
  return `curl -sS ${url} ${all.map((line) => `-H '${line}'`).join(' ')} -d '${JSON.stringify(body)}'`
}
