import { describe, expect, it } from 'vitest'
import { judgeRegistration } from './registration.ts'
import type { ClientMetadata } from './registration.ts'

const device = 'urn:ietf:params:oauth:grant-type:device_code'
const redirects = { redirect_uris: ['http://127.0.0.1/cb'] }
const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }

function accepted(
  given: Record<string, unknown>,
  origin: Parameters<typeof judgeRegistration>[1] = 'dynamic',
) {
  const judged = judgeRegistration(given, origin)
  if (judged.outcome === 'refused') throw new Error(judged.problem)
  return judged.metadata
}

describe('auth 9: what a client registers', () => {
  it('is kept with its defaults, and only what is known of it', () => {
    const given = {
      ...redirects,
      client_name: '  Example 🚀  ',
      client_uri: 'https://example.com',
      logo_uri: '',
      tos_uri: null,
      scope: 'code:read',
      contacts: ['a@example.com'],
      sector_identifier_uri: 'https://169.254.169.254/x',
      subject_type: 'pairwise',
      client_secret: 'mine',
      software_id: 'x',
      application_type: 'native',
      default_max_age: 1,
      require_auth_time: true,
    }
    expect(accepted(given)).toEqual({
      client_name: 'Example 🚀',
      client_uri: 'https://example.com',
      redirect_uris: ['http://127.0.0.1/cb'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
    } satisfies ClientMetadata)
  })

  it('takes what Cursor, VS Code and Claude send', () => {
    const cursor = {
      client_name: 'Cursor',
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
    expect(accepted(cursor)).toEqual({ ...cursor, application_type: 'native' })
    const code = {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1:33418/', 'http://127.0.0.1/'],
      grant_types: ['authorization_code', 'refresh_token', device],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    }
    expect(accepted(code)).toEqual({ ...code, application_type: 'web' })
    expect(
      accepted({ client_name: 'Claude', redirect_uris: ['https://claude.ai/api/mcp/auth_callback'] }),
    ).toMatchObject({ grant_types: ['authorization_code', 'refresh_token'] })
  })

  it('lets a client do without redirect URIs that signs in by device code alone', () => {
    expect(accepted({ grant_types: [device, 'refresh_token'], token_endpoint_auth_method: 'none' })).toEqual({
      redirect_uris: [],
      grant_types: ['refresh_token', device],
      response_types: [],
      token_endpoint_auth_method: 'none',
      application_type: 'web',
    })
  })

  it.each([
    { ...redirects },
    { ...redirects, grant_types: ['authorization_code'], token_endpoint_auth_method: 'none' },
    { grant_types: [device] },
    {
      redirect_uris: ['com.example.app:/cb', 'https://app.example.com/cb'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [key] },
    },
    { ...redirects, jwks_uri: 'https://example.com/jwks', token_endpoint_auth_method: 'private_key_jwt' },
  ])('judged again is what it was: %j', (given) => {
    const metadata = accepted(given)
    const fromLibrary = {
      ...metadata,
      client_id: 'x',
      id_token_signed_response_alg: 'RS256',
      subject_type: 'public',
    }
    expect(accepted(fromLibrary)).toEqual(metadata)
  })

  it.each([
    ['no redirect URI', {}, 'redirect_uris'],
    ['an empty list of them', { redirect_uris: [] }, 'redirect_uris'],
    ['one that is no string', { redirect_uris: [1] }, 'redirect_uris'],
    ['a text for the list', { redirect_uris: 'https://a.example/cb' }, 'redirect_uris'],
    ['foreign http, for web', { redirect_uris: ['http://evil.example/cb'], application_type: 'web' }, 'http'],
    [
      'foreign http, for native',
      { redirect_uris: ['http://evil.example/cb'], application_type: 'native' },
      'http',
    ],
    ['javascript', { redirect_uris: ['https://a.example/', 'javascript:alert(1)'] }, 'javascript'],
    ['too many', { redirect_uris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) }, '20'],
    ['https on loopback beside an own scheme', { redirect_uris: ['https://localhost/', 'a.b:/c'] }, 'beside'],
  ])('T17: is refused with %s', (_, given, says) => {
    const judged = judgeRegistration(given, 'dynamic')
    expect(judged).toMatchObject({ outcome: 'refused', error: 'invalid_redirect_uri' })
    expect(judged).toHaveProperty('problem', expect.stringContaining(says))
  })

  it.each([
    ['T51: client_credentials', { grant_types: ['client_credentials'] }, 'administrator'],
    [
      'T51: client_credentials among others',
      { grant_types: ['authorization_code', 'client_credentials'] },
      'client_cr',
    ],
    ['the implicit grant', { grant_types: ['implicit'] }, 'implicit'],
    ['the password grant', { grant_types: ['authorization_code', 'password'] }, 'password'],
    ['refresh alone', { grant_types: ['refresh_token'] }, 'no grant'],
    ['no grant', { grant_types: [] }, 'no grant'],
    ['grants that are no list', { grant_types: 'authorization_code' }, 'list'],
    ['an implicit response', { response_types: ['token'] }, 'code'],
    ['a hybrid response', { response_types: ['code id_token'] }, 'code'],
    ['a symmetric assertion', { token_endpoint_auth_method: 'client_secret_jwt' }, 'must be one of'],
    ['TLS authentication', { token_endpoint_auth_method: 'tls_client_auth' }, 'must be one of'],
    ['key authentication without keys', { token_endpoint_auth_method: 'private_key_jwt' }, 'needs jwks'],
    ['keys twice', { jwks: { keys: [key] }, jwks_uri: 'https://a.example/' }, 'same time'],
    ['a private key', { jwks: { keys: [{ ...key, d: 'd' }] } }, 'public'],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'k' }] } }, 'public'],
    ['keys in no set', { jwks: [key] }, 'Key Set'],
    ['http keys', { jwks_uri: 'http://a.example/jwks' }, 'jwks_uri must be an https'],
    ['a symmetric algorithm', { ...keyed(), token_endpoint_auth_signing_alg: 'HS256' }, 'signing_alg'],
    ['no algorithm', { ...keyed(), token_endpoint_auth_signing_alg: 'none' }, 'signing_alg'],
    ['an http logo', { logo_uri: 'http://a.example/logo.png' }, 'logo_uri'],
    ['a logo of text', { logo_uri: 'data:image/svg+xml,x' }, 'logo_uri'],
    ['a page that runs', { client_uri: 'javascript:alert(1)' }, 'client_uri'],
    ['terms with a password', { tos_uri: 'https://u:p@a.example/' }, 'tos_uri'],
    ['a policy with a space', { policy_uri: 'https://a.example/ x' }, 'policy_uri'],
    ['a name that is no text', { client_name: 5 }, 'client_name'],
    ['a name of spaces', { client_name: '   ' }, 'client_name'],
    ['a name too long', { client_name: 'é'.repeat(101) }, '100'],
    ['a name with a line break', { client_name: 'a\nb' }, 'control'],
    ['a name that turns the order', { client_name: 'a\u202eb' }, 'order'],
    ['a name with an isolate', { client_name: 'a\u2066b' }, 'order'],
    ['a name with a zero-width space', { client_name: 'Clau\u200bde' }, 'invisible'],
    ['a name of fillers', { client_name: '\u3164' }, 'invisible'],
    ['too much of anything', { software_statement: 'x'.repeat(40_000) }, 'too long'],
  ])('is refused with %s', (_, given, says) => {
    const judged = judgeRegistration({ ...redirects, ...given }, 'dynamic')
    expect(judged).toMatchObject({ outcome: 'refused', error: 'invalid_client_metadata' })
    expect(judged).toHaveProperty('problem', expect.stringContaining(says))
  })
})

describe('auth 9: a metadata document', () => {
  it('T51: may name grants for other servers, and holds none but those of sign-in', () => {
    const grants = ['authorization_code', 'client_credentials', 'refresh_token', 'implicit', 'urn:x']
    const given = { ...redirects, grant_types: grants, response_types: ['code', 'id_token'] }
    expect(accepted(given, 'metadata_document')).toMatchObject({
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })
    const onlyForeign = judgeRegistration({ grant_types: ['client_credentials'] }, 'metadata_document')
    expect(onlyForeign).toMatchObject({ outcome: 'refused' })
  })

  it.each([
    { token_endpoint_auth_method: 'client_secret_basic' },
    { token_endpoint_auth_method: 'client_secret_post' },
    { token_endpoint_auth_method: 'client_secret_jwt' },
    { client_secret: 'x' },
    { client_secret_expires_at: 0 },
  ])('has no shared secret: %j', (given) => {
    expect(judgeRegistration({ ...redirects, ...given }, 'metadata_document')).toMatchObject({
      outcome: 'refused',
    })
  })
})

describe('auth 12: client_credentials', () => {
  it('T51: is for clients an administrator registers', () => {
    const given = { grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic' }
    expect(accepted(given, 'admin')).toMatchObject({
      grant_types: ['client_credentials'],
      response_types: [],
    })
    for (const origin of ['self_service', 'dynamic', 'metadata_document'] as const) {
      expect(judgeRegistration(given, origin)).toMatchObject({ outcome: 'refused' })
    }
  })
})

function keyed() {
  return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } }
}
