import { createHmac, createSecretKey } from 'node:crypto'
import type { Authenticator, Verdict } from './authenticate.ts'

const needsOwnKey: Verdict = Object.freeze({ rejected: 'upstream_needs_own_key' })

/**
 * Judges credentials for upstreams that are the authority on their own keys. Only the prefix is checked here: the key
 * is neither stored nor logged, and whether it is valid is the upstream's to say (T5). Such an upstream takes no other
 * credential. `subjectKey` keys the hash that stands for the caller.
 */
export function createForwardedKeyAuthenticator(options: { subjectKey: Uint8Array }): Authenticator {
  const subjectKey = createSecretKey(options.subjectKey)
  return (credential, { name, identity }) => {
    if (identity.mode !== 'forward-key') return 'not_mine'
    if (credential.kind !== 'bearer') return needsOwnKey
    const key = credential.token.reveal()
    if (!isKeyOf(key, identity.keyPrefix)) return needsOwnKey
    const subject = createHmac('sha256', subjectKey).update(`${name}\n${key}`).digest('hex')
    return { identified: { kind: 'external', issuer: name, subject, workspace: identity.workspace } }
  }
}

/** More than the prefix must be there: a bare prefix is no key. */
function isKeyOf(token: string, prefix: string): boolean {
  return token.startsWith(prefix) && token.length > prefix.length
}
