import { choice, flag, integer, list, text } from './option.ts'
import type { OptionTable, Settings } from './option.ts'
import { scopeProblem, upstreamNameProblem, upstreamUrlProblem, workspaceProblem } from './problems.ts'

/** How the caller is told to the upstream. What is not in this list is refused at start. */
export const identityModes = ['assertion', 'none'] as const
export type IdentityMode = (typeof identityModes)[number]

/** The options of one entry of `upstreams`. */
export const upstreamOptions = {
  name: text('Path segment and name of the upstream: /mcp/NAME.', '', 'a name', upstreamNameProblem),
  url: text('Where the MCP server listens.', '', 'a URL', upstreamUrlProblem),
  default: flag('Whether it is also served at /mcp.', false),
  auth: choice('Who may call. `required`: only callers we know.', ['required'] as const, 'required'),
  accept: list('Which credentials are accepted; empty means api_key.', 'api_key', (word) =>
    word === 'api_key' ? null : 'is not available yet: only api_key is',
  ),
  workspaces: list('Workspaces that may call; empty means all.', 'workspace names', workspaceProblem),
  identity: choice('How the caller is told to the upstream.', identityModes, 'assertion'),
  scopes: list('Scopes a credential needs, all of them.', 'scopes', scopeProblem),
  timeoutSeconds: integer('Seconds the upstream may take until its answer begins.', 120, 1, 86_400),
} satisfies OptionTable

export type UpstreamSettings = Settings<typeof upstreamOptions>
