/** The clients we tell apart. `other` is a client we do not know, `absent` one that does not say. */
export const clientFamilies = [
  'claude-desktop',
  'claude-code',
  'cursor',
  'vscode',
  'zed',
  'goose',
  'librechat',
  '5ire',
  'opencode',
  'codex',
  'gemini-cli',
  'windsurf',
  'cline',
  'roo',
  'continue',
  'mcp-inspector',
  'other',
  'absent',
] as const
export type ClientFamily = (typeof clientFamilies)[number]

export const llmFamilies = [
  'anthropic',
  'openai',
  'google',
  'cursor',
  'inspector',
  'mixed',
  'unknown',
] as const
export type LlmFamily = (typeof llmFamilies)[number]

type Named = Exclude<ClientFamily, 'other' | 'absent'>

/** The names that clients give themselves in `clientInfo`, whole and in lower case: `cursory` is not `cursor`. */
const aliases: Readonly<Record<Named, readonly string[]>> = {
  'claude-desktop': ['claude-ai', 'claude-desktop', 'claude'],
  'claude-code': ['claude-code'],
  cursor: ['cursor', 'cursor-vscode'],
  vscode: ['visual studio code', 'visual studio code - insiders', 'vscode', 'code - oss'],
  zed: ['zed'],
  goose: ['goose', 'goose-desktop', 'goose-cli'],
  librechat: ['librechat', '@librechat/api-client'],
  '5ire': ['5ire'],
  opencode: ['opencode'],
  codex: ['codex', 'codex-mcp-client', 'codex-cli'],
  'gemini-cli': ['gemini-cli', 'gemini-cli-mcp-client'],
  windsurf: ['windsurf', 'windsurf-client'],
  cline: ['cline'],
  roo: ['roo code', 'roo-code', 'roo'],
  continue: ['continue', 'continue-client'],
  'mcp-inspector': ['mcp-inspector', 'inspector', '@modelcontextprotocol/inspector'],
}

const families: ReadonlyMap<string, Named> = new Map(
  (Object.entries(aliases) as [Named, readonly string[]][]).flatMap(([family, names]) =>
    names.map((name) => [name, family] as const),
  ),
)

/** The family of a `clientInfo.name`. Only the family goes on: the name itself is free text. */
export function clientFamily(name: string | null): ClientFamily {
  if (name === null) return 'absent'
  return families.get(name.trim().toLowerCase()) ?? 'other'
}

const models: Readonly<Record<ClientFamily, LlmFamily>> = {
  'claude-desktop': 'anthropic',
  'claude-code': 'anthropic',
  cursor: 'cursor',
  vscode: 'mixed',
  zed: 'mixed',
  goose: 'mixed',
  librechat: 'mixed',
  '5ire': 'mixed',
  opencode: 'mixed',
  codex: 'openai',
  'gemini-cli': 'google',
  windsurf: 'mixed',
  cline: 'mixed',
  roo: 'mixed',
  continue: 'mixed',
  'mcp-inspector': 'inspector',
  other: 'unknown',
  absent: 'unknown',
}

/** Whose models a client works with, as far as the client alone tells. */
export function llmFamily(client: ClientFamily): LlmFamily {
  return models[client]
}
