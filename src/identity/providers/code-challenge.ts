import { hash } from 'node:crypto'

/** The S256 challenge of a verifier (RFC 7636 section 4.2). */
export function codeChallenge(verifier: string): string {
  return hash('sha256', verifier, 'base64url')
}
