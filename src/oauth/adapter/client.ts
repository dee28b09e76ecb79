import { errors } from 'oidc-provider'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { isDocumentUrl } from '../client-document.ts'
import type { ClientDirectory, DirectoryEntry } from '../client-directory.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

/** In place of a secret: the library wants one where we keep a hash. It is compared with nothing and signs nothing. */
const noSecret = 'kept as a hash'

/** Clients as the library wants them. One that is not active is refused here, with its status in the error. */
export function clientAdapter(clients: ClientDirectory): Adapter {
  return {
    ...unusedAdapter,
    async find(clientId) {
      const state = requestState()
      const entry = await clients.find(clientId)
      if (entry === undefined) {
        state.reason = isDocumentUrl(clientId) ? 'metadata_document_failed' : 'unknown_client'
        return undefined
      }
      state.client = entry
      if (entry.status !== 'active') {
        state.reason = entry.status === 'pending' ? 'client_pending' : 'client_inactive'
        throw notActive(entry.status)
      }
      return libraryMetadata(clientId, entry)
    },
  }
}

function notActive(status: 'pending' | 'inactive'): Error {
  const error = new errors.InvalidClientAuth(`the client is ${status}`)
  error.error_description =
    status === 'pending'
      ? 'the client has not been approved yet; an administrator can approve it'
      : 'the client has been switched off'
  // It is nobody's client now: its redirect URIs do not count.
  error.allow_redirect = false
  return error
}

function libraryMetadata(clientId: string, { metadata, origin, workspace }: DirectoryEntry): AdapterPayload {
  const { scope: _, ...known } = metadata
  const method = known['token_endpoint_auth_method']
  const isKeyed = method === 'none' || method === 'private_key_jwt'
  const grants = Array.isArray(known['grant_types']) ? (known['grant_types'] as string[]) : []
  // T51: only a client that somebody here vouched for acts for itself, and in one workspace alone.
  const actsForItself = workspace !== null && (origin === 'admin' || origin === 'self_service')
  return {
    ...known,
    client_id: clientId,
    ...(isKeyed ? {} : { client_secret: noSecret }),
    grant_types: grants.filter((grant) => grant !== 'client_credentials' || actsForItself),
    response_modes: ['query'],
    id_token_signed_response_alg: 'ES256',
  }
}
