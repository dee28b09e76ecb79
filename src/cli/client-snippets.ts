export interface ClientSnippetsOptions {
  /** The MCP endpoint, such as `http://127.0.0.1:8787/mcp`. */
  readonly url: string
  readonly apiKey: string
  /** What the client calls the server. Default `sallyport`. */
  readonly name?: string
}

const keyVariable = 'SALLYPORT_API_KEY'

/** Ready-made configuration of the common MCP clients for one key, as text for people. */
export function clientSnippets({ url, apiKey, name = 'sallyport' }: ClientSnippetsOptions): string {
  const authorization = `Bearer ${apiKey}`
  const headers = { Authorization: authorization }
  const snippets: readonly (readonly [string, string])[] = [
    [
      'Claude Code',
      `claude mcp add --transport http ${name} ${url} --header "Authorization: ${authorization}"`,
    ],
    ['Cursor: ~/.cursor/mcp.json', json({ mcpServers: { [name]: { url, headers } } })],
    ['VS Code: .vscode/mcp.json', json({ servers: { [name]: { type: 'http', url, headers } } })],
    [
      'Codex: ~/.codex/config.toml, with the key in its environment',
      [
        `export ${keyVariable}=${apiKey}`,
        '',
        `[mcp_servers.${name}]`,
        `url = "${url}"`,
        `bearer_token_env_var = "${keyVariable}"`,
      ].join('\n'),
    ],
    ['Any other client: Streamable HTTP', `${url}\nAuthorization: ${authorization}`],
  ]
  return snippets.map(([title, text]) => `${title}\n${indent(text)}`).join('\n\n')
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
