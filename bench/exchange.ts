/** The one exchange all contestants carry: a tool call of some 300 bytes and its answer of 1 KB. */

/** The protocol's own fields; each contestant adds the credential it wants. */
export const callFields: readonly string[] = [
  'Content-Type',
  'application/json',
  'Accept',
  'application/json, text/event-stream',
  'MCP-Protocol-Version',
  '2026-07-28',
  'Mcp-Method',
  'tools/call',
  'Mcp-Name',
  'search_issues',
  'User-Agent',
  'bench/1',
]

/** Every id has the same number of digits, so that every request has the same length. */
export const firstId = 1_000_000_000

const version = '"io.modelcontextprotocol/protocolVersion":"2026-07-28"'
const client = '"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}'
const capabilities = '"io.modelcontextprotocol/clientCapabilities":{}'
const params = `{"name":"search_issues","arguments":{"query":"is:open label:bug"},"_meta":{${version},${client},${capabilities}}}`

export function callBody(id: number): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`
}

const text = 'An issue that was found, with a title and a few words about it. '.repeat(14)

export function answerBody(id: number): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"${text}"}],"isError":false}}`
}

export function progressBody(progress: number): string {
  const params = `{"progressToken":"p1","progress":${progress},"total":20,"message":"still looking"}`
  return `{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`
}

/** A way of answering; its name is the upstream's path and name. */
export const answerKinds = ['json', 'sse1', 'sse20'] as const
export type AnswerKind = (typeof answerKinds)[number]
