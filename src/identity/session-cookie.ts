import type { RandomSource } from '../lib/random.ts'

/** How the session cookie is called, set, cleared and read (RFC 6265). */
export interface SessionCookie {
  readonly name: string
  /** A `Set-Cookie` value; without `maxAgeSeconds` the browser forgets it when it closes. */
  set(value: string, maxAgeSeconds: number | null): string
  /** A `Set-Cookie` value that takes it away. */
  clear(): string
  /**
   * The value in a `Cookie` header; null when there is none of our shape. Two of the name are none: one of them was put
   * there by somebody else, and nobody can say which.
   */
  read(header: string | undefined): string | null
}

/** 32 random bytes in base64url. */
const shape = /^[A-Za-z0-9_-]{43}$/

/** A cookie value that cannot be guessed: 256 bits. Only its hash is kept. */
export function newCookieValue(random: RandomSource): string {
  return Buffer.from(random.bytes(32)).toString('base64url')
}

/**
 * The session cookie of a public URL. On https the `__Host-` prefix makes browsers refuse one that another host of the
 * domain has set, or that came over http; plain http is for loopback alone.
 */
export function sessionCookie(publicUrl: URL): SessionCookie {
  const secure = publicUrl.protocol === 'https:'
  const name = secure ? '__Host-sallyport' : 'sallyport'
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    name,
    set(value, maxAgeSeconds) {
      const age = maxAgeSeconds === null ? '' : `; Max-Age=${Math.floor(maxAgeSeconds)}`
      return `${name}=${value}${age}${attributes}`
    },
    clear: () => `${name}=; Max-Age=0${attributes}`,
    read(header) {
      if (header === undefined) return null
      const values = header
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => pair.slice(name.length + 1))
      const [value] = values
      return values.length === 1 && value !== undefined && shape.test(value) ? value : null
    },
  }
}
