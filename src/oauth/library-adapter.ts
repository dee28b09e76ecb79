import type { Adapter, AdapterFactory } from 'oidc-provider'
import { clientAdapter } from './adapter/client.ts'
import { codeAdapter } from './adapter/code.ts'
import { deviceCodeAdapter } from './adapter/device-code.ts'
import { grantAdapter } from './adapter/grant.ts'
import { interactionAdapter } from './adapter/interaction.ts'
import { presentedTokenAdapter } from './adapter/presented-token.ts'
import type { PresentedTokenParts } from './adapter/presented-token.ts'
import { refreshTokenAdapter } from './adapter/refresh-token.ts'
import type { RefreshTokenParts } from './adapter/refresh-token.ts'
import { replayAdapter } from './adapter/replay.ts'
import { sessionAdapter } from './adapter/session.ts'
import type { ClientDirectory } from './client-directory.ts'
import type { ConsentStore } from './consent-store.ts'

export interface LibraryAdapterParts extends RefreshTokenParts, PresentedTokenParts {
  readonly clients: ClientDirectory
  readonly consents: ConsentStore
  /** Of the secrets in the device pages' forms. */
  readonly formKey: Uint8Array
}

/** Where the library keeps things: one adapter for each kind, and none for what we have switched off. */
export function createLibraryAdapter(parts: LibraryAdapterParts): AdapterFactory {
  const { artifacts, emit } = parts
  const adapters: Readonly<Record<string, Adapter>> = {
    Client: clientAdapter(parts.clients),
    Grant: grantAdapter(parts.consents),
    Session: sessionAdapter(parts.formKey),
    Interaction: interactionAdapter(artifacts),
    AuthorizationCode: codeAdapter(artifacts, emit),
    DeviceCode: deviceCodeAdapter(artifacts, emit),
    RefreshToken: refreshTokenAdapter(parts),
    ReplayDetection: replayAdapter(artifacts),
    AccessToken: presentedTokenAdapter('AccessToken', parts),
    ClientCredentials: presentedTokenAdapter('ClientCredentials', parts),
  }
  return (kind) => {
    const adapter = adapters[kind]
    if (adapter === undefined)
      throw new Error(`the library wants to keep a ${kind}, which nothing here asks for`)
    return adapter
  }
}
