import { createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Principal } from '../principal/principal.ts'
import { credentialOf, workspaceOf } from '../principal/principal.ts'

export const attributionModes = ['off', 'hash', 'id'] as const
export type AttributionMode = (typeof attributionModes)[number]

/** One epoch of pseudonyms: rotation is a visible break, told by the id beside each hash. */
export interface AttributionKey {
  readonly id: string
  readonly secret: string
}

/** The pseudonyms of one request's caller, as analytics carries them. */
export interface Pseudonyms {
  readonly principal_hash: string
  readonly workspace_hash: string
  readonly credential_hash?: string
  readonly attribution_key_id: string
}

/** How a principal appears outside the audit log. */
export interface Attribution {
  /**
   * Attributes of the inbound server span, and of it only; empty for the anonymous and when attribution is off. The same
   * object for the same principal.
   */
  forSpan(principal: Principal): Readonly<Record<string, string>>
  /**
   * What the server span says of the MCP session a caller is in: a hash, whatever the mode; empty for the anonymous, when
   * off, and without a key.
   */
  forSession(principal: Principal, sessionId: string): Readonly<Record<string, string>>
  /** For analytics: never an id, whatever the mode; null for the anonymous, when off, and without a key. */
  forAnalytics(principal: Principal): Pseudonyms | null
}

const label = 'sallyport attribution v1'
const nobody: Readonly<Record<string, string>> = Object.freeze({})
const none: Attribution = { forSpan: () => nobody, forSession: () => nobody, forAnalytics: () => null }

function personOf(principal: Attributed): Person {
  const { issuer, subject } = principal
  const salt = principal.kind === 'user' ? principal.attributionSalt : ''
  return { workspace: workspaceOf(principal) ?? '', issuer, subject, salt }
}

/** A principal that has a subject; the anonymous has none, in any mode (T12). */
type Attributed = Exclude<Principal, { kind: 'anonymous' }>

/**
 * Makes pseudonyms: HMAC-SHA-256 under a key of the workspace (HKDF of the epoch's key), over the version label and
 * the length-prefixed workspace, issuer, subject and the person's own salt; the first 16 bytes, in hex. The salt goes
 * with the person, and with it the way from hash to person.
 */
export function createAttribution(mode: AttributionMode, key: AttributionKey | null): Attribution {
  if (mode === 'off') return none
  const hashes = key === null ? null : createPseudonyms(key)
  // Requests of one credential share their principal. What is known of it goes when the principal goes.
  const known = new WeakMap<Principal, Readonly<Record<string, string>>>()
  // One caller's requests mostly go on in the session of the one before.
  const lastSessions = new WeakMap<Principal, SessionAttributes>()
  const attributesOf = (principal: Attributed): Readonly<Record<string, string>> => {
    if (mode === 'id') return { 'user.id': principal.subject }
    if (hashes === null) return nobody
    return {
      'user.hash': hashes.principal(personOf(principal)),
      'sallyport.attribution.key_id': hashes.keyId,
    }
  }
  return {
    forSpan(principal) {
      if (principal.kind === 'anonymous') return nobody
      let attributes = known.get(principal)
      if (attributes === undefined) known.set(principal, (attributes = attributesOf(principal)))
      return attributes
    },
    forSession(principal, sessionId) {
      if (principal.kind === 'anonymous' || hashes === null) return nobody
      const last = lastSessions.get(principal)
      if (last?.sessionId === sessionId) return last.attributes
      const hash = { 'mcp.session.id': hashes.session(workspaceOf(principal) ?? '', sessionId) }
      // Beside `user.hash` the key is named already.
      const attributes = mode === 'hash' ? hash : { ...hash, 'sallyport.attribution.key_id': hashes.keyId }
      lastSessions.set(principal, { sessionId, attributes })
      return attributes
    },
    forAnalytics(principal) {
      if (principal.kind === 'anonymous' || hashes === null) return null
      const credentialId = credentialOf(principal)
      return {
        principal_hash: hashes.principal(personOf(principal)),
        workspace_hash: hashes.workspace(workspaceOf(principal) ?? ''),
        ...(credentialId === null
          ? {}
          : { credential_hash: hashes.credential(personOf(principal), credentialId) }),
        attribution_key_id: hashes.keyId,
      }
    },
  }
}

interface SessionAttributes {
  readonly sessionId: string
  readonly attributes: Readonly<Record<string, string>>
}

/** What a pseudonym is made of. */
export interface Person {
  readonly workspace: string
  readonly issuer: string
  readonly subject: string
  readonly salt: string
}

/** The hashes of one epoch; also the way back, for whoever has the key and the candidates. */
export interface EpochHashes {
  readonly keyId: string
  principal(person: Person): string
  workspace(workspace: string): string
  credential(person: Pick<Person, 'workspace' | 'salt'>, credentialId: string): string
  session(workspace: string, sessionId: string): string
}

export function createPseudonyms({ id, secret }: AttributionKey): EpochHashes {
  const keys = new Map<string, KeyObject>()
  const keyOf = (workspace: string) => {
    let key = keys.get(workspace)
    if (key === undefined) {
      key = createSecretKey(new Uint8Array(hkdfSync('sha256', secret, workspace, label, 32)))
      if (keys.size < 10_000) keys.set(workspace, key)
    }
    return key
  }
  const hash = (workspace: string, purpose: string, parts: readonly string[]) =>
    createHmac('sha256', keyOf(workspace))
      .update(`${label} ${purpose}\n`)
      .update(prefixed([workspace, ...parts]))
      .digest('hex')
      .slice(0, 32)
  return {
    keyId: id,
    principal: ({ issuer, subject, workspace, salt }) =>
      hash(workspace, 'principal', [issuer, subject, salt]),
    workspace: (workspace) => hash(workspace, 'workspace', []),
    credential: ({ workspace, salt }, credentialId) => hash(workspace, 'credential', [credentialId, salt]),
    session: (workspace, sessionId) => hash(workspace, 'session', [sessionId]),
  }
}

/** Each part behind its length in bytes, so that no two lists of parts read the same. */
function prefixed(parts: readonly string[]): Buffer {
  const pieces: Buffer[] = []
  for (const part of parts) {
    const text = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    pieces.push(length, text)
  }
  return Buffer.concat(pieces)
}
