import { describe, expect, it } from 'vitest'
import { clientSnippets } from './client-snippets.ts'

const url = 'http://127.0.0.1:8787/mcp'
const apiKey = 'sp_key'
const text = clientSnippets({ url, apiKey })

/** What stands indented under a title. */
function under(title: string): string {
  const block = text.split('\n\n').find((part) => part.startsWith(title)) ?? ''
  return block.slice(block.indexOf('\n') + 1)
}

describe('client snippets', () => {
  it('give Claude Code one command', () => {
    expect(under('Claude Code').trim()).toBe(
      `claude mcp add --transport http sallyport ${url} --header "Authorization: Bearer ${apiKey}"`,
    )
  })

  it('give Cursor and VS Code files that parse', () => {
    const headers = { Authorization: `Bearer ${apiKey}` }
    expect(JSON.parse(under('Cursor'))).toEqual({ mcpServers: { sallyport: { url, headers } } })
    expect(JSON.parse(under('VS Code'))).toEqual({ servers: { sallyport: { type: 'http', url, headers } } })
  })

  it('keep the key out of the file that Codex reads', () => {
    const file = text.slice(text.indexOf('[mcp_servers.'), text.indexOf('Any other client'))
    expect(file).toContain('bearer_token_env_var = "SALLYPORT_API_KEY"')
    expect(file).not.toContain(apiKey)
    expect(text).toContain(`export SALLYPORT_API_KEY=${apiKey}`)
  })
})
