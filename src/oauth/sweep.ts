import type { Clock } from '../lib/clock.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { AccessTokenStore } from '../tokens/access-token-store.ts'
import type { ArtifactStore } from './artifact-store.ts'
import type { ConsentStore } from './consent-store.ts'

export interface SweepDependencies {
  readonly artifacts: ArtifactStore
  readonly accessTokens: AccessTokenStore
  readonly consents: ConsentStore
  readonly clock: Clock
  readonly emit: Emit
}

/** What has ended is kept this long, so that whoever still asks is told that it ended and not that it never was. */
const keptMs = 86_400_000
const consentsKeptMs = 30 * 86_400_000
/** Rows that go at once: a long transaction would hold up every other. */
const bite = 500

/** Says which device codes ran out, and deletes what has ended. Answers how many rows went. */
export async function sweepArtifacts(parts: SweepDependencies): Promise<number> {
  const { artifacts, accessTokens, consents, clock, emit } = parts
  const now = clock.now()
  let total = 0
  for (;;) {
    const { deviceCodesExpired, deleted } = await artifacts.sweep(now, now - keptMs, bite)
    for (let told = 0; told < deviceCodesExpired; told += 1) {
      emit('device_code_changed', { outcome: 'expired' })
    }
    const tokens = await accessTokens.forgetBefore(now - keptMs, bite)
    const ended = await consents.forgetBefore(now - consentsKeptMs, bite)
    total += deleted + tokens + ended
    if (Math.max(deviceCodesExpired, deleted, tokens, ended) < bite) return total
  }
}
