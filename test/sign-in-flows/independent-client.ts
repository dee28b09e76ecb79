import type { CryptoKey } from 'jose'
import type { Person } from '../support/person.ts'

/** How a client shows who it is. */
export type ShownBy =
  | { readonly method: 'none' }
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly secret: string }
  | { readonly method: 'private_key_jwt'; readonly key: CryptoKey; readonly kid: string }

export interface Known {
  readonly id: string
  readonly by: ShownBy
}

export interface Granted {
  readonly access: string
  readonly refresh: string | undefined
  readonly scope: string | undefined
  /** Subject of the ID token; undefined without one. */
  readonly subject: string | undefined
}

/** A client that is no part of this project, and knows nothing of it but the issuer's URL. */
export interface IndependentClient {
  /** By authorization code with PKCE S256 and `state`; `iss` (RFC 9207) is checked. */
  byCode(person: Person, scope?: string): Promise<Granted>
  byRefresh(token: string, scope?: string): Promise<Granted>
  /** By device code: the person enters what the device shows. */
  byDevice(person: Person): Promise<Granted>
  byItself(): Promise<Granted>
  introspect(token: string): Promise<Readonly<Record<string, unknown>>>
  revoke(token: string): Promise<void>
  userinfo(access: string, subject: string): Promise<Readonly<Record<string, unknown>>>
}

export interface IndependentLibrary {
  /** Discovers the issuer by RFC 8414 or by OpenID Connect Discovery. */
  open(issuer: string, known: Known, by: 'oauth2' | 'oidc'): Promise<IndependentClient>
  /** Registers by RFC 7591; answers the id, and the secret when there is one. */
  register(
    issuer: string,
    metadata: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly id: string; readonly secret: string | undefined }>
}

export const redirectUri = 'http://127.0.0.1:7171/callback'
