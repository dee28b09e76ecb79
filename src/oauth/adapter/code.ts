import { errors } from 'oidc-provider'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { sha256Hex } from '../../lib/hash.ts'
import type { Emit } from '../../telemetry/telemetry.ts'
import type { Artifacts } from '../artifacts.ts'
import { requestState } from '../request-state.ts'
import { unusedAdapter } from './unused.ts'

/** Authorization codes: used once, by one conditional update. */
export function codeAdapter(artifacts: Artifacts, emit: Emit): Adapter {
  return {
    ...unusedAdapter,
    async upsert(id, payload, seconds = 0) {
      await artifacts.store.save(artifacts.sealed('AuthorizationCode', sha256Hex(id), payload, seconds))
    },
    async find(id) {
      const found = await artifacts.find('AuthorizationCode', sha256Hex(id), id)
      if (found !== undefined) rememberCode(found.artifact.idHash, found.payload)
      return found?.payload
    },
    consume: (id) => redeemCode('AuthorizationCode', sha256Hex(id), artifacts, emit),
  }
}

export function rememberCode(idHash: string, { grantId, clientId, error }: AdapterPayload): void {
  const { codes } = requestState()
  codes.set(idHash, { grantId: grantId ?? '', clientId: clientId ?? '', denied: error !== undefined })
}

/** Uses a code up, or ends what came of it when somebody was first (section 4.1.2 of RFC 6749). */
export async function redeemCode(
  kind: 'AuthorizationCode' | 'DeviceCode',
  idHash: string,
  { store, clock }: Artifacts,
  emit: Emit,
): Promise<void> {
  const state = requestState()
  const code = state.codes.get(idHash)
  if (code === undefined) throw new Error('a code is used up that was not looked up')
  const { grantId: consentId, clientId } = code
  const redeemed = await store.redeem(kind, idHash, { consentId, clientId }, clock.now())
  if (redeemed.outcome === 'redeemed') {
    state.familyId = idHash
    return
  }
  if (redeemed.revoked) emit('token_revoked', { reason: 'replay' })
  state.reason = 'code_replayed'
  throw new errors.InvalidGrant('the code has been used before')
}
