import { clientAlgorithms } from './library-configuration.ts'
import { personScopes } from './scopes.ts'
import type { Resource } from './resources.ts'
import { deviceCodeGrant } from './registration.ts'

export interface MetadataOptions {
  /** publicUrl without a slash at the end. */
  readonly issuer: string
  readonly registration: { readonly dynamic: boolean; readonly metadataDocuments: boolean }
}

/** What the authorization server says of itself (RFC 8414, OpenID Connect Discovery 1.0 section 3): one document for both. */
export function authorizationServerMetadata(
  { issuer, registration }: MetadataOptions,
  resources: readonly Resource[],
): Readonly<Record<string, unknown>> {
  const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
  const known = methods.filter((method) => method !== 'none')
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    ...(registration.dynamic ? { registration_endpoint: `${issuer}/oauth/register` } : {}),
    device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    userinfo_endpoint: `${issuer}/oauth/userinfo`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: [...new Set([...personScopes, ...resources.flatMap(({ scopes }) => scopes)])],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', deviceCodeGrant, 'client_credentials'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    // A public client cannot show who it is: it may revoke its own tokens, and introspect none.
    introspection_endpoint_auth_methods_supported: known,
    introspection_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: clientAlgorithms,
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: registration.metadataDocuments,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'email'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    claims_parameter_supported: false,
  }
}
