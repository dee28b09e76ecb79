/** A JWT as it claims to be: nothing here is verified. */
export interface UnverifiedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

const shape = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/

/**
 * Reads a token that has the form of a signed JWT (RFC 7515 section 7.1), to find whose it is and which key may verify
 * it; null for any other. The caller has bounded its length.
 */
export function readJwt(token: string): UnverifiedJwt | null {
  const parts = shape.exec(token)
  const header = objectOf(parts?.[1])
  const payload = objectOf(parts?.[2])
  return header === null || payload === null ? null : { header, payload }
}

function objectOf(part: string | undefined): Readonly<Record<string, unknown>> | null {
  if (part === undefined) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}
