import type { ClientOrigin } from '../telemetry/vocabulary.ts'
import { isPrivateUseRedirect, redirectUriProblem } from './redirect-policy.ts'
import { clientNameProblem, webUriProblem } from './registration-texts.ts'

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** What the product keeps of a client's metadata (RFC 7591 section 2), and hands to the library. */
export interface ClientMetadata {
  readonly client_name?: string
  readonly redirect_uris: readonly string[]
  readonly grant_types: readonly string[]
  readonly response_types: readonly string[]
  readonly token_endpoint_auth_method: string
  readonly token_endpoint_auth_signing_alg?: string
  readonly application_type: 'web' | 'native'
  readonly client_uri?: string
  readonly logo_uri?: string
  readonly policy_uri?: string
  readonly tos_uri?: string
  readonly jwks?: Readonly<Record<string, unknown>>
  readonly jwks_uri?: string
}

export type RegistrationJudgement =
  | { readonly outcome: 'accepted'; readonly metadata: ClientMetadata }
  | {
      readonly outcome: 'refused'
      /** RFC 7591 section 3.2.2. */
      readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
      readonly problem: string
    }

/** T51: who registers itself acts for users alone, never for itself. */
const grantsOfStrangers = ['authorization_code', 'refresh_token', deviceCodeGrant]
const grantsOfKnown = [...grantsOfStrangers, 'client_credentials']
const sharedSecretMethods = ['client_secret_basic', 'client_secret_post']
const keyMethods = ['none', 'private_key_jwt']
const signingAlgorithm = /^(?:ES256|PS256|RS256|EdDSA|Ed25519)$/
const webUris = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'jwks_uri'] as const
const mostRedirects = 20
const mostKeys = 20
const mostCharacters = 32_768

/**
 * Judges the metadata of a client, whoever sends it, and answers what is kept of it: known members alone, with their
 * defaults. `scope` is dropped, or the client could never ask for more than it once named; `application_type` follows
 * from the redirect URIs; `sector_identifier_uri`, contacts and the like are dropped unread, for nothing here needs them.
 * Judging what was accepted changes nothing.
 */
export function judgeRegistration(
  given: Readonly<Record<string, unknown>>,
  origin: ClientOrigin,
): RegistrationJudgement {
  // Some clients send empty members for what they do not have.
  const sent = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== '' && value !== null && value !== undefined),
  )
  if (JSON.stringify(sent).length > mostCharacters) return refused('the metadata is too long')
  const grants = grantsOf(sent, origin)
  if ('problem' in grants) return refused(grants.problem)
  const redirects = redirectsOf(sent, grants.types)
  if ('problem' in redirects) return refused(redirects.problem, 'invalid_redirect_uri')
  const authentication = authenticationOf(sent, origin)
  if ('problem' in authentication) return refused(authentication.problem)
  const texts = textsOf(sent)
  if ('problem' in texts) return refused(texts.problem)
  const usesCode = grants.types.includes('authorization_code')
  return {
    outcome: 'accepted',
    metadata: {
      ...texts.found,
      ...authentication.found,
      redirect_uris: redirects.uris,
      grant_types: grants.types,
      response_types: usesCode ? ['code'] : [],
      // The library lets only native clients have schemes of their own; whatever else hangs on the type is decided here.
      application_type: redirects.uris.some(isPrivateUseRedirect) ? 'native' : 'web',
    },
  }
}

interface Problem {
  readonly problem: string
}

type Sent = Readonly<Record<string, unknown>>

function grantsOf(sent: Sent, origin: ClientOrigin): Problem | { readonly types: readonly string[] } {
  const offered = origin === 'admin' ? grantsOfKnown : grantsOfStrangers
  // One document speaks to every server there is: what is not offered here is left out, and not refused.
  const forAnyServer = origin === 'metadata_document'
  // A client that says nothing is kept signed in: the server may grant more than the default (RFC 7591 section 3.2.1).
  const wanted = listOf(sent['grant_types'] ?? ['authorization_code', 'refresh_token'])
  const responses = listOf(sent['response_types'] ?? [])
  if (wanted === null) return { problem: 'grant_types must be a list of strings' }
  if (responses === null) return { problem: 'response_types must be a list of strings' }
  const foreign = wanted.find((grant) => !offered.includes(grant))
  if (foreign !== undefined && !forAnyServer) {
    const other = foreign === 'client_credentials' ? ': an administrator can register such a client' : ''
    return { problem: `grant_types may not contain ${shown(foreign)}${other}` }
  }
  if (!forAnyServer && responses.some((type) => type !== 'code')) {
    return { problem: 'response_types may only contain code' }
  }
  const types = offered.filter((grant) => wanted.includes(grant))
  return types.some((grant) => grant !== 'refresh_token')
    ? { types }
    : { problem: 'grant_types contains no grant by which a token can be had' }
}

function redirectsOf(sent: Sent, grants: readonly string[]): Problem | { readonly uris: readonly string[] } {
  const uris = listOf(sent['redirect_uris'] ?? [])
  if (uris === null) return { problem: 'redirect_uris must be a list of strings' }
  if (uris.length > mostRedirects)
    return { problem: `redirect_uris may have ${mostRedirects} members at most` }
  if (uris.length === 0 && grants.includes('authorization_code')) {
    return { problem: 'redirect_uris is missing: sign-in in a browser leads back to one of them' }
  }
  for (const uri of uris) {
    const problem = redirectUriProblem(uri)
    if (problem !== null) return { problem: `redirect_uris: ${shown(uri)} ${problem}` }
  }
  const secureLoopback = uris.find((uri) =>
    /^https:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/?]|$)/i.test(uri),
  )
  return secureLoopback !== undefined && uris.some(isPrivateUseRedirect)
    ? { problem: `redirect_uris: ${shown(secureLoopback)} cannot stand beside a scheme of an application` }
    : { uris: [...new Set(uris)] }
}

type Authentication = Pick<
  ClientMetadata,
  'token_endpoint_auth_method' | 'token_endpoint_auth_signing_alg' | 'jwks'
>

function authenticationOf(sent: Sent, origin: ClientOrigin): Problem | { readonly found: Authentication } {
  const document = origin === 'metadata_document'
  const methods = document ? keyMethods : [...keyMethods, ...sharedSecretMethods]
  const method = sent['token_endpoint_auth_method'] ?? (document ? 'none' : 'client_secret_basic')
  if (typeof method !== 'string' || !methods.includes(method)) {
    return { problem: `token_endpoint_auth_method must be one of ${methods.join(', ')}` }
  }
  if (document && ('client_secret' in sent || 'client_secret_expires_at' in sent)) {
    return { problem: 'a metadata document must not have a client_secret: everybody can read it' }
  }
  const { jwks, token_endpoint_auth_signing_alg: algorithm } = sent
  if (jwks !== undefined && !isKeySet(jwks)) {
    return { problem: `jwks must be a JSON Web Key Set of at most ${mostKeys} public keys` }
  }
  if (jwks !== undefined && sent['jwks_uri'] !== undefined) {
    return { problem: 'jwks and jwks_uri must not be used at the same time' }
  }
  if (method !== 'private_key_jwt') return { found: { token_endpoint_auth_method: method } }
  if (jwks === undefined && sent['jwks_uri'] === undefined) {
    return { problem: 'private_key_jwt needs jwks or jwks_uri' }
  }
  const found = { token_endpoint_auth_method: method, ...(jwks === undefined ? {} : { jwks }) }
  if (algorithm === undefined) return { found }
  return typeof algorithm === 'string' && signingAlgorithm.test(algorithm)
    ? { found: { ...found, token_endpoint_auth_signing_alg: algorithm } }
    : { problem: 'token_endpoint_auth_signing_alg is none that is offered' }
}

type Texts = Pick<ClientMetadata, 'client_name' | (typeof webUris)[number]>

function textsOf(sent: Sent): Problem | { readonly found: Texts } {
  const found: Record<string, string> = {}
  for (const member of webUris) {
    const uri = sent[member]
    if (uri === undefined) continue
    const problem = webUriProblem(uri)
    if (problem !== null || typeof uri !== 'string') return { problem: `${member} ${problem}` }
    found[member] = uri
  }
  const name = sent['client_name']
  if (name === undefined) return { found }
  const problem = clientNameProblem(name)
  return problem === null && typeof name === 'string'
    ? { found: { ...found, client_name: name.trim() } }
    : { problem: `client_name ${problem}` }
}

function listOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : null
}

function isKeySet(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys))
    return false
  const keys: readonly unknown[] = value.keys
  const isPublic = (key: unknown) => typeof key === 'object' && key !== null && !('d' in key) && !('k' in key)
  return keys.length > 0 && keys.length <= mostKeys && keys.every(isPublic)
}

/** Quotes what a stranger sent, short enough for an error. */
function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

function refused(
  problem: string,
  error: 'invalid_redirect_uri' | 'invalid_client_metadata' = 'invalid_client_metadata',
): RegistrationJudgement {
  return { outcome: 'refused', error, problem }
}
