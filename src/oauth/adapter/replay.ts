import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { sha256Hex } from '../../lib/hash.ts'
import type { Artifacts } from '../artifacts.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

const longestSeconds = 86_400

/**
 * Client assertions that have been seen: each is taken once, by one insert (RFC 7523 section 3). It is remembered for as
 * long as it holds, so one whose end lies unreasonably far ahead is not taken at all.
 */
export function replayAdapter(artifacts: Artifacts): Adapter {
  return {
    ...unusedAdapter,
    async upsert(id, payload, seconds = 0) {
      if (seconds > longestSeconds) {
        throw new errors.InvalidClientAuth('the client assertion holds for more than a day')
      }
      const whole = Math.max(1, Math.ceil(seconds))
      const row = artifacts.sealed('ReplayDetection', sha256Hex(id), payload, whole)
      if (await artifacts.store.saveOnce(row)) return
      requestState().reason = 'replayed_assertion'
      throw new errors.InvalidClientAuth('the client assertion has been used before')
    },
  }
}
