/** The method names of all revisions from 2025-03-26 to 2026-07-28, as far as a client sends them. */
export const mcpMethodNames = [
  'initialize',
  'ping',
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tasks/cancel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
] as const

export type McpMethodName = (typeof mcpMethodNames)[number]

const known: ReadonlyMap<string, McpMethodName> = new Map(mcpMethodNames.map((name) => [name, name]))

/** The method as a member of the list; `other` for any other text. */
export function knownMethod(method: string): McpMethodName | 'other' {
  return known.get(method) ?? 'other'
}
