import { errors } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { sha256Hex } from '../../lib/hash.ts'
import type { Emit } from '../../telemetry/telemetry.ts'
import type { Artifacts } from '../artifacts.ts'
import { requestState } from '../request-state.ts'
import { redeemCode, rememberCode } from './code.ts'
import { unusedAdapter } from './unused.ts'

/** A device asks every five seconds (RFC 8628 section 3.2); a second less is the network's doing. */
const leastPollMs = 4000

/** Begins what the library takes for a device code on the person's side, where only its hash is known. */
const inside = 'hash of '

/** A device can never present a hash as its code. */
function hashOf(id: string): string {
  return id.startsWith(inside) && requestState().endpoint === 'device'
    ? id.slice(inside.length)
    : sha256Hex(id)
}

/** Device codes (RFC 8628): decided once by a person, used once by the device, asked about no faster than agreed. */
export function deviceCodeAdapter(artifacts: Artifacts, emit: Emit): Adapter {
  const { store, clock } = artifacts
  return {
    ...unusedAdapter,
    async upsert(id, given, seconds = 0) {
      // A person who turns away and comes back may enter the code again: only the answer is final.
      const payload = { ...given, inFlight: undefined }
      const row = artifacts.sealed('DeviceCode', hashOf(id), payload, seconds)
      // A failure of ours in the middle of an answer is no answer of the person.
      if (payload.error === 'server_error') return
      if (payload.accountId !== undefined || payload.error !== undefined) {
        if (!(await store.decide(row.idHash, row.payload, clock.now()))) {
          throw new errors.InvalidRequest('the code has been answered before')
        }
        const outcome = payload.error === undefined ? 'authorized' : 'denied'
        emit('device_code_changed', { outcome })
        return
      }
      const { userCode } = payload
      await store.save({ ...row, ...(userCode === undefined ? {} : { userCodeHash: sha256Hex(userCode) }) })
      if (requestState().endpoint === 'device_authorization') {
        emit('device_code_changed', { outcome: 'issued' })
      }
    },
    async find(id) {
      const found = await artifacts.find('DeviceCode', hashOf(id), id)
      if (found === undefined) return undefined
      const { artifact, payload } = found
      const isPending = payload.accountId === undefined && payload.error === undefined && payload.exp !== 1
      if (requestState().endpoint === 'token' && isPending) {
        if (!(await store.poll(artifact.idHash, clock.now(), leastPollMs))) throw new errors.SlowDown()
      }
      rememberCode(artifact.idHash, payload)
      return payload
    },
    async findByUserCode(userCode) {
      const artifact = await store.findByUserCode(sha256Hex(userCode))
      if (artifact === undefined) return undefined
      return artifacts.open('DeviceCode', artifact, `${inside}${artifact.idHash}`).payload
    },
    async consume(id) {
      // A refusal is told as often as it is asked for.
      const idHash = hashOf(id)
      if (requestState().codes.get(idHash)?.denied === true) return
      await redeemCode('DeviceCode', idHash, artifacts, emit)
      emit('device_code_changed', { outcome: 'redeemed' })
    },
  }
}
