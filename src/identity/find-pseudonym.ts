import { sameDigest } from '../lib/hash.ts'
import { createPseudonyms } from '../telemetry/attribution.ts'
import type { AttributionKey } from '../telemetry/attribution.ts'
import type { PseudonymSource } from './user-store.ts'

/** What a pseudonym stands for, and the epoch it was made in. */
export type Resolved =
  | {
      readonly kind: 'principal'
      readonly keyId: string
      readonly workspace: string
      readonly userId: string
      readonly email: string
    }
  | {
      readonly kind: 'credential'
      readonly keyId: string
      readonly workspace: string
      readonly userId: string
      readonly email: string
      readonly credentialId: string
    }
  | { readonly kind: 'workspace'; readonly keyId: string; readonly workspace: string }

/** The controlled way back from a hash: makes every pseudonym there is, in every kept epoch, and compares. */
export function findPseudonym(
  hash: string,
  keys: readonly AttributionKey[],
  issuer: string,
  people: readonly PseudonymSource[],
): Resolved | null {
  for (const key of keys) {
    const { principal, workspace: workspaceHash, credential, keyId } = createPseudonyms(key)
    for (const { userId, email, workspace, salt, keyIds } of people) {
      const who = { keyId, workspace, userId, email }
      if (sameDigest(principal({ workspace, issuer, subject: userId, salt }), hash))
        return { kind: 'principal', ...who }
      const credentialId = keyIds.find((id) => sameDigest(credential({ workspace, salt }, id), hash))
      if (credentialId !== undefined) return { kind: 'credential', ...who, credentialId }
      if (sameDigest(workspaceHash(workspace), hash)) return { kind: 'workspace', keyId, workspace }
    }
  }
  return null
}
