import type { Adapter, AdapterPayload } from 'oidc-provider'
import { formSecretOf } from '../device-form.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

const hour = 3600

/**
 * The library's session is a view of our login session, made for each request and never kept: one that has ended, or is
 * another person's now, is so for the library in the same instant. Its cookie never leaves this process.
 */
export function sessionAdapter(formKey: Uint8Array): Adapter {
  const view = async (id: string): Promise<AdapterPayload | undefined> => {
    const { signedIn } = requestState()
    if (signedIn === null || signedIn.session.id !== id) return undefined
    const loginTs = Math.floor(signedIn.session.startedAt / 1000)
    return {
      jti: id,
      uid: id,
      kind: 'Session',
      accountId: signedIn.userId,
      loginTs,
      exp: Math.floor(signedIn.session.lastSeenAt / 1000) + 24 * 365 * hour,
      state: { secret: formSecretOf(id, formKey) },
    }
  }
  return { ...unusedAdapter, upsert: async () => {}, find: view, findByUid: view }
}
