export interface ClientSnippetOptions {
  /** The MCP endpoint, such as `http://127.0.0.1:8787/mcp`. */
  readonly url: string
  readonly apiKey: string
  /** What the client calls the server. Default `sallyport`. */
  readonly name?: string
}

/** Ready-made configuration of one MCP client. */
export interface ClientSnippet {
  /** The client, and the file it goes to. */
  readonly title: string
  readonly text: string
}

const keyVariable = 'SALLYPORT_API_KEY'

/** The configuration of the common MCP clients for one key. */
export function clientSnippetsFor({
  url,
  apiKey,
  name = 'sallyport',
}: ClientSnippetOptions): readonly ClientSnippet[] {
  const authorization = `Bearer ${apiKey}`
  const headers = { Authorization: authorization }
  return [
    {
      title: 'Claude Code',
      text: `claude mcp add --transport http ${name} ${url} --header "Authorization: ${authorization}"`,
    },
    { title: 'Cursor: ~/.cursor/mcp.json', text: json({ mcpServers: { [name]: { url, headers } } }) },
    {
      title: 'VS Code: .vscode/mcp.json',
      text: json({ servers: { [name]: { type: 'http', url, headers } } }),
    },
    {
      title: 'Codex: ~/.codex/config.toml, with the key in its environment',
      text: [
        `export ${keyVariable}=${apiKey}`,
        '',
        `[mcp_servers.${name}]`,
        `url = "${url}"`,
        `bearer_token_env_var = "${keyVariable}"`,
      ].join('\n'),
    },
    { title: 'Any other client: Streamable HTTP', text: `${url}\nAuthorization: ${authorization}` },
  ]
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
