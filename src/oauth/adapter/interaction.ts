import type { Adapter } from 'oidc-provider'
import { sha256Hex } from '../../lib/hash.ts'
import type { Artifacts } from '../artifacts.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

/** Authorization requests that wait for a person. */
export function interactionAdapter(artifacts: Artifacts): Adapter {
  return {
    ...unusedAdapter,
    async upsert(id, payload, seconds = 0) {
      await artifacts.store.save(artifacts.sealed('Interaction', sha256Hex(id), payload, seconds))
    },
    async find(id) {
      const found = await artifacts.find('Interaction', sha256Hex(id), id)
      if (found === undefined) return undefined
      const { payload } = found
      const { endpoint, signedIn } = requestState()
      // What waits for a device has no redirect to answer by.
      if (endpoint === 'resume' && payload.deviceCode !== undefined) return undefined
      if (endpoint === 'interaction' || payload.result?.['error'] !== undefined) return payload
      // Resumed: what was answered counts only for whoever is signed in now. Anybody else is asked again.
      const answeredBy = payload.result?.login?.accountId ?? payload.session?.accountId
      if (answeredBy !== undefined && answeredBy === signedIn?.userId) return payload
      const { result: _, session: __, ...rest } = payload
      return rest
    },
    async destroy(id) {
      await artifacts.store.destroy('Interaction', sha256Hex(id))
    },
  }
}
