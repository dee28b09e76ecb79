import type { AdapterPayload } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { Artifact, ArtifactKind, ArtifactStore, NewArtifact } from './artifact-store.ts'

export interface ArtifactsDependencies {
  readonly store: ArtifactStore
  readonly box: SealedBox
  readonly clock: Clock
}

export interface OpenedArtifact {
  readonly artifact: Artifact
  readonly payload: AdapterPayload
}

/**
 * The library's artefacts between it and the store. Their ids are the tokens and codes themselves, so only hashes of
 * them are kept; payloads hold other ids (a device code, a user code), so they are sealed.
 */
export class Artifacts {
  readonly store: ArtifactStore
  readonly #box: SealedBox
  readonly clock: Clock

  constructor({ store, box, clock }: ArtifactsDependencies) {
    this.store = store
    this.#box = box
    this.clock = clock
  }

  /** `id` is what the library calls it. */
  async find(kind: ArtifactKind, idHash: string, id: string): Promise<OpenedArtifact | undefined> {
    const artifact = await this.store.find(kind, idHash)
    return artifact === undefined ? undefined : this.open(kind, artifact, id)
  }

  /** Undoes `sealed`. */
  open(kind: ArtifactKind, artifact: Artifact, id: string): OpenedArtifact {
    const text = this.#box.open(artifact.payload, purpose(kind, artifact.idHash))
    const payload = JSON.parse(text) as AdapterPayload
    // The library reads its own clock; what has ended by ours has ended.
    const ended = artifact.expiresAt <= this.clock.now() ? { exp: 1 } : {}
    return { artifact, payload: { ...payload, jti: id, ...ended } }
  }

  /** The row of an artefact; it lives `seconds`. */
  sealed(kind: ArtifactKind, idHash: string, payload: AdapterPayload, seconds: number): NewArtifact {
    const { jti: _, ...rest } = payload
    return {
      kind,
      idHash,
      payload: this.#box.seal(JSON.stringify(rest), purpose(kind, idHash)),
      expiresAt: this.clock.now() + seconds * 1000,
    }
  }
}

/** A payload opens as what it was sealed as, and under its own id, alone. */
function purpose(kind: ArtifactKind, idHash: string): string {
  return `oauth ${kind} ${idHash}`
}
