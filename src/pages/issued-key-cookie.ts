import type { IncomingMessage } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { SealedBox } from '../lib/sealed-box.ts'

/** A key that was just made, on its way to the one page that shows it. */
export interface IssuedKeyFacts {
  readonly key: string
  readonly expiresAt: number | null
  /** Where it is of use. */
  readonly url: string
  /** Until when the key it follows works; null when it follows none. */
  readonly formerEndsAt: number | null
}

/**
 * Carries a new key from the form that made it to the page that shows it, so that to load that page again makes no
 * second key. It is sealed, for one login session and for a minute; nothing of it is kept here or in a URL.
 */
export interface IssuedKeyCookie {
  /** A `Set-Cookie` value. */
  set(facts: IssuedKeyFacts, sessionId: string): string
  clear(): string
  /** Null when there is none, or it is old, or of another session. */
  read(request: IncomingMessage, sessionId: string): IssuedKeyFacts | null
}

interface Sealed extends IssuedKeyFacts {
  readonly until: number
}

const seconds = 60

export function createIssuedKeyCookie(
  { secure }: { readonly secure: boolean },
  { box, clock }: { readonly box: SealedBox; readonly clock: Clock },
): IssuedKeyCookie {
  const name = secure ? '__Host-sallyport-new-key' : 'sallyport-new-key'
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  const purpose = (sessionId: string) => `new key of ${sessionId}`
  return {
    set(facts, sessionId) {
      const sealed: Sealed = { ...facts, until: clock.now() + seconds * 1000 }
      return `${name}=${box.seal(JSON.stringify(sealed), purpose(sessionId))}; Max-Age=${seconds}; ${attributes}`
    },
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
    read({ headers }, sessionId) {
      const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
      const values = pairs.filter((pair) => pair.startsWith(`${name}=`))
      if (values.length !== 1) return null
      const sealed = values[0]?.slice(name.length + 1) ?? ''
      const { until, ...facts } = open(sealed, purpose(sessionId)) ?? { until: 0 }
      return until > clock.now() && 'key' in facts ? facts : null
    },
  }

  function open(sealed: string, purposeOfIt: string): Sealed | null {
    try {
      return JSON.parse(box.open(sealed, purposeOfIt)) as Sealed
    } catch {
      return null
    }
  }
}
