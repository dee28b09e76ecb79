import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { sha256Hex } from '../../lib/hash.ts'
import type { Emit } from '../../telemetry/telemetry.ts'
import type { AccessTokenStore } from '../../tokens/access-token-store.ts'
import type { Artifacts } from '../artifacts.ts'
import { grantTypeOf } from '../grant-type.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

export interface RefreshTokenParts {
  readonly artifacts: Artifacts
  readonly accessTokens: AccessTokenStore
  readonly emit: Emit
  readonly graceMs: number
}

/**
 * Refresh tokens. The library is never told that one has been used: whether a second use is a lost answer or a replay
 * is decided in one transaction of the store (T18).
 */
export function refreshTokenAdapter({ artifacts, accessTokens, emit, graceMs }: RefreshTokenParts): Adapter {
  const { store, clock } = artifacts
  return {
    ...unusedAdapter,
    async upsert(id, payload, seconds = 0) {
      const state = requestState()
      const {
        idHash,
        payload: sealed,
        expiresAt,
      } = artifacts.sealed('RefreshToken', sha256Hex(id), payload, seconds)
      const { familyId, predecessorHash } = state
      if (familyId === null) throw new Error('a refresh token came of no code')
      await store.saveRefreshToken({ idHash, payload: sealed, expiresAt, familyId, predecessorHash })
      state.refreshTokenHash = idHash
      // Of a code the access token comes first, of a refresh token the next refresh token does.
      if (state.accessTokenId !== null) await accessTokens.pair(state.accessTokenId, idHash)
      emit('token_issued', { token_type: 'refresh', grant_type: grantTypeOf() })
    },

    async find(id) {
      const state = requestState()
      const found = await artifacts.find('RefreshToken', sha256Hex(id), id)
      if (found === undefined) {
        state.refresh = 'invalid'
        return undefined
      }
      const { artifact, payload } = found
      if (artifact.familyRevoked) {
        state.refresh = 'revoked'
        return undefined
      }
      if (payload.exp === 1) state.refresh = 'expired'
      // One that has been used says nothing more to whoever introspects it.
      if (state.endpoint === 'introspect' && artifact.consumedAt !== null) return undefined
      state.familyId = artifact.familyId
      return payload
    },

    async consume(id) {
      const state = requestState()
      const idHash = sha256Hex(id)
      const used = await store.rotate(idHash, clock.now(), graceMs)
      if (used.outcome === 'rotated') {
        state.predecessorHash = idHash
        return
      }
      state.refresh = used.outcome
      if (used.outcome === 'replayed') {
        state.reason = 'replayed_refresh'
        if (used.revoked) emit('token_revoked', { reason: 'replay' })
      }
      throw new errors.InvalidGrant('the refresh token has been used before')
    },

    /** Revocation (RFC 7009 section 2.1): the whole family, access tokens included. */
    async destroy(id) {
      const found = await store.find('RefreshToken', sha256Hex(id))
      if (found === undefined || found.familyId === null) return
      const ended = await store.revokeFamily(found.familyId, clock.now())
      if (ended) emit('token_revoked', { reason: 'user_request' })
    },
  }
}
