import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import { randomUUID } from 'node:crypto'
import type { ClientMode } from '../support/mcp-client.ts'
import type { Person } from '../support/person.ts'

/** What an application built on the official SDK keeps of a sign-in, and what happened to it. */
export interface SdkApp {
  readonly provider: OAuthClientProvider
  /** Authorization requests the person was sent to. */
  readonly asked: URL[]
  readonly requests: readonly string[]
  tokens(): StoredOAuthTokens | undefined
  clientId(): string | undefined
  /** Connects; signs in by the person as often as the SDK asks for it. */
  connect(mcp: string, mode?: ClientMode): Promise<Connected>
}

export interface Connected {
  readonly client: Client
  call(tool: string, input?: Record<string, unknown>): Promise<unknown>
  close(): Promise<void>
}

export interface SdkAppOptions {
  readonly person: Person
  /** Where its metadata document is; without one it registers itself. */
  readonly documentUrl?: string
  readonly metadata?: Partial<OAuthClientMetadata>
}

export const appRedirect = 'http://127.0.0.1:6274/callback'

export const appMetadata: OAuthClientMetadata = {
  client_name: 'SDK app',
  redirect_uris: [appRedirect],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

export function createSdkApp({ person, documentUrl, metadata = {} }: SdkAppOptions): SdkApp {
  const asked: URL[] = []
  const requests: string[] = []
  let tokens: StoredOAuthTokens | undefined
  let client: StoredOAuthClientInformation | undefined
  let discovered: OAuthDiscoveryState | undefined
  let verifier = ''
  let state = ''

  const provider: OAuthClientProvider = {
    ...(documentUrl === undefined ? {} : { clientMetadataUrl: documentUrl }),
    redirectUrl: appRedirect,
    clientMetadata: { ...appMetadata, ...metadata },
    state: () => (state = randomUUID()),
    clientInformation: () => client,
    saveClientInformation: (given) => void (client = given),
    tokens: () => tokens,
    saveTokens: (given) => void (tokens = given),
    redirectToAuthorization: (url) => void asked.push(url),
    saveCodeVerifier: (given) => void (verifier = given),
    codeVerifier: () => verifier,
    saveDiscoveryState: (given) => void (discovered = given),
    discoveryState: () => discovered,
    invalidateCredentials(what) {
      if (what === 'all' || what === 'tokens') tokens = undefined
      if (what === 'all' || what === 'client') client = undefined
    },
  }

  const noting: typeof fetch = (target, init) => {
    const url = new URL(target instanceof Request ? target.url : target)
    requests.push(`${init?.method ?? 'GET'} ${url.pathname}`)
    return fetch(target, init)
  }

  /** The person's part: from the authorization request to the callback. */
  const signIn = async (transport: StreamableHTTPClientTransport) => {
    const url = asked.at(-1)
    if (url === undefined) throw new Error('nobody was asked to sign in')
    const back = await person.authorize(url)
    if (back.searchParams.get('state') !== state) throw new Error('another state came back')
    await transport.finishAuth(back.searchParams)
  }

  const connectOnce = async (mcp: string, mode: ClientMode): Promise<Connected> => {
    const transport = new StreamableHTTPClientTransport(new URL(mcp), { authProvider: provider, fetch: noting })
    const made = new Client(
      { name: 'sdk-app', version: '1.0.0' },
      { versionNegotiation: { mode: mode === 'pinned' ? { pin: '2026-07-28' } : mode } },
    )
    try {
      await made.connect(transport)
    } catch (error) {
      if (!isUnauthorized(error)) throw error
      await signIn(transport)
      return connectOnce(mcp, mode)
    }
    return {
      client: made,
      async call(name, input = {}) {
        const result = await made.callTool({ name, arguments: input })
        if (result.isError === true) throw new Error(JSON.stringify(result.content))
        return result.structuredContent
      },
      close: () => made.close(),
    }
  }

  return {
    provider,
    asked,
    requests,
    tokens: () => tokens,
    clientId: () => client?.client_id,
    connect: (mcp, mode = 'auto') => connectOnce(mcp, mode),
  }
}

/** Whether the SDK says that the person must sign in; it may wrap that in an error of its own. */
function isUnauthorized(error: unknown): boolean {
  return error instanceof UnauthorizedError || (error instanceof Error && isUnauthorized(error.cause))
}
