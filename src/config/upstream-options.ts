import { choice, choices, flag, integer, list, text } from './option.ts'
import type { OptionTable, Settings } from './option.ts'
import {
  filePathProblem,
  headerNameProblem,
  headerValueProblem,
  keyPrefixProblem,
  scopeProblem,
  toolNameProblem,
  upstreamNameProblem,
  upstreamUrlProblem,
  workspaceProblem,
} from './problems.ts'

/** How the caller is told to the upstream. What is not in this list is refused at start. */
const identityModes = ['assertion', 'forward-key', 'static', 'none'] as const

/** Who may call. An absent setting never opens anything. */
export const authModes = ['required', 'optional'] as const
export type AuthMode = (typeof authModes)[number]

/** What callers may present to an upstream. */
const credentialKinds = ['api_key', 'oauth'] as const
export type CredentialKind = (typeof credentialKinds)[number]

/** The options of one entry of `upstreams`. */
export const upstreamOptions = {
  name: text('Path segment and name of the upstream: /mcp/NAME.', '', 'a name', upstreamNameProblem),
  url: text('Where the MCP server listens.', '', 'a URL', upstreamUrlProblem),
  default: flag('Whether it is also served at /mcp; the only upstream always is.', false),
  auth: choice(
    'Who may call: `required`, only callers we know; `optional`, anonymous ones too.',
    authModes,
    'required',
  ),
  accept: choices(
    'Which credentials are accepted; empty means all. Without oauth, clients get no hint to sign in.',
    credentialKinds,
  ),
  workspaces: list('Workspaces that may call; empty means all.', 'workspace names', workspaceProblem),
  identity: choice('How the caller is told to the upstream.', identityModes, 'assertion'),
  keyPrefix: text(
    "What the upstream's own keys begin with; `forward-key` only.",
    null,
    'a prefix such as ci_',
    keyPrefixProblem,
  ),
  'static.header': text(
    'The header that carries the service credential; `static` only.',
    'authorization',
    'a header name',
    headerNameProblem,
  ),
  'static.value': text('The service credential; `static` only.', null, 'a header value', headerValueProblem, {
    secret: true,
  }),
  tools: list(
    'Tools whose names may be told by metrics and analytics; analytics calls all others `other`.',
    'tool names',
    toolNameProblem,
  ),
  scopes: list('Scopes a credential needs, all of them.', 'scopes', scopeProblem),
  timeoutSeconds: integer('Seconds the upstream may take until its answer begins.', 120, 1, 86_400),
  ca: text(
    'File with the CA certificates the upstream is trusted by, in PEM.',
    null,
    'a file',
    filePathProblem,
  ),
  'clientCertificate.cert': text(
    'File with our certificate towards it, in PEM.',
    null,
    'a file',
    filePathProblem,
  ),
  'clientCertificate.key': text("File with that certificate's key, in PEM.", null, 'a file', filePathProblem),
} satisfies OptionTable

export type UpstreamSettings = Settings<typeof upstreamOptions>

/** What an upstream accepts, said or not. One that is the authority on its own keys accepts none of these. */
export function acceptedKinds({
  accept,
  identity,
}: Pick<UpstreamSettings, 'accept' | 'identity'>): readonly CredentialKind[] {
  if (identity === 'forward-key') return []
  return accept.length === 0 ? credentialKinds : accept
}
