import type { IncomingMessage } from 'node:http'
import type { SignedIn } from '../identity/login-session.ts'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import type { RandomSource } from '../lib/random.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { Log } from '../telemetry/log.ts'
import { tellStoreFailure } from '../telemetry/store-failure.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { LimitedEndpoint, RejectionReason } from '../telemetry/vocabulary.ts'
import type { AccessTokenSigning } from '../tokens/access-token-signing.ts'
import type { AccessTokenStore } from '../tokens/access-token-store.ts'
import type { VerifyAccessToken } from '../tokens/verify-access-token.ts'
import type { Accounts } from './accounts.ts'
import type { ArtifactStore } from './artifact-store.ts'
import { Artifacts } from './artifacts.ts'
import type { ClientDirectory } from './client-directory.ts'
import type { ConsentStore } from './consent-store.ts'
import { createHandle } from './handle.ts'
import type { Handle } from './handle.ts'
import type { Interactions, LibraryPages } from './interaction.ts'
import { createInteractions } from './interactions.ts'
import { createLibraryAdapter } from './library-adapter.ts'
import type { LibraryParts } from './library-configuration.ts'
import { createLibrary } from './library.ts'
import { createRegistration } from './registration-endpoint.ts'
import { createLoadConsent } from './remembered-consent.ts'
import { requestState } from './request-state.ts'
import type { Resources } from './resources.ts'
import { sweepArtifacts } from './sweep.ts'
import { createTokenIssue } from './token-issue.ts'

export interface AuthorizationServerOptions {
  readonly publicUrl: URL
  /** publicUrl without a slash at the end. */
  readonly issuer: string
  readonly accessSeconds: number
  readonly refreshDays: number
  readonly refreshGraceSeconds: number
  readonly deviceCodeMinutes: number
  readonly registration: { readonly dynamic: boolean; readonly metadataDocuments: boolean }
  /** Of the secrets in the device pages' forms: 32 bytes, the same on every replica. */
  readonly formKey: Uint8Array
}

export interface AuthorizationServerDependencies {
  readonly artifacts: ArtifactStore
  readonly consents: ConsentStore
  readonly accessTokens: AccessTokenStore
  readonly clients: ClientDirectory
  readonly accounts: Accounts
  readonly resources: Resources
  readonly signing: AccessTokenSigning
  readonly verify: VerifyAccessToken
  readonly pages: LibraryPages
  /** Who is signed in at a browser. Rejects with a `Failure` when the store is out. */
  readonly findSignedIn: (request: IncomingMessage) => Promise<SignedIn | null>
  /** For URLs out of clients' metadata: guarded. */
  readonly fetch: LibraryParts['fetch']
  /** Takes one use from a budget; answers seconds to wait when it is used up, else null. */
  readonly limit: (endpoint: LimitedEndpoint, request: IncomingMessage) => number | null
  readonly box: SealedBox
  readonly clock: Clock
  readonly random: RandomSource
  readonly emit: Emit
  readonly log: Log
  /** A request was refused because of who sent it: said once for each. */
  readonly onRefused: (request: IncomingMessage, reason: RejectionReason) => void
}

/** The authorization server of the product. */
export interface AuthorizationServer {
  /** Answers every request to its paths, and never rejects. */
  readonly handle: Handle
  readonly interactions: Interactions
  /** Ends what nobody touches: call it every minute. Answers how many rows went. */
  sweep(): Promise<number>
}

/** Builds it around oidc-provider, of which nothing shows outside this room. */
export function createAuthorizationServer(
  options: AuthorizationServerOptions,
  parts: AuthorizationServerDependencies,
): AuthorizationServer {
  const { issuer, formKey } = options
  const { clock, emit, consents, accessTokens, clients, resources, pages } = parts
  const artifacts = new Artifacts({ store: parts.artifacts, box: parts.box, clock })
  const graceMs = options.refreshGraceSeconds * 1000
  const library = createLibrary(options, {
    ...parts,
    formKey,
    deviceUrl: `${issuer}/device`,
    adapter: createLibraryAdapter({ ...parts, artifacts, graceMs, formKey }),
    loadExistingGrant: createLoadConsent(consents, resources),
    findAccount: createFindAccount(parts.accounts),
    issueToken: createTokenIssue(options, { accessTokens, clients, clock, emit }),
    refused: (reason) => parts.onRefused(requestState().request, reason),
    failed(error) {
      if (error instanceof Failure) tellStoreFailure(error, 'authorization_server', emit)
      parts.log.error('the authorization server failed', { detail: textOf(error) })
    },
  })
  const registration = createRegistration({ issuer }, { ...parts, artifacts })
  return {
    handle: createHandle(options, { ...parts, library, registration }),
    interactions: createInteractions({ ...parts, library, pages }),
    sweep: () => sweepArtifacts(parts),
  }
}

function createFindAccount(accounts: Accounts): LibraryParts['findAccount'] {
  return async (_, accountId) => {
    const { signedIn } = requestState()
    const known = signedIn?.userId === accountId ? signedIn : await accounts.find(accountId)
    if (known === undefined || known === null) {
      requestState().reason ??= 'account_inactive'
      return undefined
    }
    return { accountId, claims: async () => ({ sub: accountId, email: known.email }) }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
