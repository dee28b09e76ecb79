import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import type { AdapterPayload } from 'oidc-provider'
import type { SignedIn } from '../identity/login-session.ts'
import type { RefreshOutcome, RejectionReason } from '../telemetry/vocabulary.ts'
import type { DirectoryEntry } from './client-directory.ts'
import type { HeldConsent } from './consent-store.ts'

export type OauthEndpoint =
  | 'authorize'
  | 'resume'
  | 'token'
  | 'register'
  | 'device_authorization'
  | 'device'
  | 'introspect'
  | 'revoke'
  | 'userinfo'
  | 'metadata'
  | 'interaction'

/** An access token that was presented and verified, as introspection and revocation need it. */
export interface PresentedToken {
  /** Stands for the token in what the library sees; a random one, for this request alone. */
  readonly handle: string
  readonly payload: AdapterPayload
}

/** What is known of one request besides what the library carries itself. */
export interface RequestState {
  readonly request: IncomingMessage
  readonly requestId: string
  readonly endpoint: OauthEndpoint
  /** Who is signed in at this browser: the library's session is a view of it. */
  readonly signedIn: SignedIn | null
  readonly presented: PresentedToken | null
  /** Why it is refused, where that is known before the library says so. */
  reason: RejectionReason | null
  refresh: RefreshOutcome | null
  /** What failed underneath: the library says `server_error` of anything. */
  failure: unknown
  client: DirectoryEntry | null
  consent: HeldConsent | null
  /** Which tokens belong together: all that come of one code. */
  familyId: string | null
  /** The refresh token that is being replaced. */
  predecessorHash: string | null
  refreshTokenHash: string | null
  accessTokenId: string | null
  /** Codes that were looked up, by the hash of their id. */
  readonly codes: Map<
    string,
    { readonly grantId: string; readonly clientId: string; readonly denied: boolean }
  >
}

export function newRequestState(
  given: Pick<RequestState, 'request' | 'requestId' | 'endpoint' | 'signedIn' | 'presented'>,
): RequestState {
  return {
    ...given,
    reason: null,
    refresh: null,
    failure: null,
    client: null,
    consent: null,
    familyId: null,
    predecessorHash: null,
    refreshTokenHash: null,
    accessTokenId: null,
    codes: new Map(),
  }
}

const current = new AsyncLocalStorage<RequestState>()

export function runRequest<T>(state: RequestState, work: () => T): T {
  return current.run(state, work)
}

/** The state of the request being answered; the library's call-backs find it here. */
export function requestState(): RequestState {
  const state = current.getStore()
  if (state === undefined) throw new Error('no authorization request is being answered')
  return state
}
