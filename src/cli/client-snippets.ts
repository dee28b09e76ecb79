import { clientSnippetsFor } from '../mcp/client-snippet.ts'
import type { ClientSnippetOptions } from '../mcp/client-snippet.ts'

/** Ready-made configuration of the common MCP clients for one key, as text for people. */
export function clientSnippets(options: ClientSnippetOptions): string {
  return clientSnippetsFor(options)
    .map(({ title, text }) => `${title}\n${indent(text)}`)
    .join('\n\n')
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
