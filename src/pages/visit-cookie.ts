import type { IncomingMessage } from 'node:http'
import { randomBase62 } from '../lib/base62.ts'
import type { RandomSource } from '../lib/random.ts'

/** What binds a sign-in form to the browser that asked for it: a random value before there is a session. */
export interface VisitCookie {
  /** The browser's value, or null. Sent twice it counts for nothing: one of the two is not from us. */
  read(request: IncomingMessage): string | null
  newValue(): string
  set(value: string): string
  clear(): string
}

const shape = /^[0-9A-Za-z]{43}$/

/** `__Host-` on https keeps a neighbouring subdomain from planting one of its own, and with it a form. */
export function createVisitCookie(secure: boolean, random: RandomSource): VisitCookie {
  const name = secure ? '__Host-sallyport-visit' : 'sallyport-visit'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    read(request) {
      const values = (request.headers.cookie ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => pair.slice(name.length + 1))
      const [value] = values
      return values.length === 1 && value !== undefined && shape.test(value) ? value : null
    },
    newValue: () => randomBase62(43, random),
    set: (value) => `${name}=${value}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  }
}
