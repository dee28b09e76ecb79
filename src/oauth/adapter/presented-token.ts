import type { Adapter } from 'oidc-provider'
import type { Clock } from '../../lib/clock.ts'
import type { Emit } from '../../telemetry/telemetry.ts'
import type { AccessTokenStore } from '../../tokens/access-token-store.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

export interface PresentedTokenParts {
  readonly accessTokens: AccessTokenStore
  readonly clock: Clock
  readonly emit: Emit
}

/**
 * Access tokens are signed and not kept by the library, which so can neither introspect nor revoke them: it is given the
 * one that was presented, verified by us, under a handle of this request.
 */
export function presentedTokenAdapter(
  kind: 'AccessToken' | 'ClientCredentials',
  { accessTokens, clock, emit }: PresentedTokenParts,
): Adapter {
  return {
    ...unusedAdapter,
    async find(id) {
      const { presented } = requestState()
      return presented?.handle === id && presented.payload.kind === kind ? presented.payload : undefined
    },
    async destroy(id) {
      if (requestState().presented?.payload.jti !== id) return
      const ended = await accessTokens.revoke(id, clock.now())
      if (ended) emit('token_revoked', { reason: 'user_request' })
    },
  }
}
