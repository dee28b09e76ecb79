import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { sha256Hex } from '../../lib/hash.ts'
import type { Artifacts } from '../artifacts.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

/** Client assertions that have been seen: each is taken once, by one insert (RFC 7523 section 3). */
export function replayAdapter(artifacts: Artifacts): Adapter {
  return {
    ...unusedAdapter,
    async upsert(id, payload, seconds = 0) {
      const row = artifacts.sealed('ReplayDetection', sha256Hex(id), payload, Math.max(1, seconds))
      if (await artifacts.store.saveOnce(row)) return
      requestState().reason = 'replayed_assertion'
      throw new errors.InvalidClientAuth('the client assertion has been used before')
    },
  }
}
