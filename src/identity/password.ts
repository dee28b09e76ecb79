import type { Secret } from '../lib/secret.ts'

/** NIST SP 800-63B section 3.1.1.2: length is what counts; no rule on letters, digits or signs. */
const fewestCharacters = 12
const mostBytes = 1024
const tooLong = `must be text of at most ${mostBytes} bytes`

/** The rules in words, for whoever chooses one. */
export const passwordRule = `At least ${fewestCharacters} characters: a few words in a row will do. Not your e-mail address, and none of the first that anybody guesses.`

/** The first that anybody guesses and that are long enough to get this far, without what is around the letters. */
const commonest: ReadonlySet<string> = new Set([
  '123456789012',
  '1234567890123456',
  '123123123123',
  'abcdefghijkl',
  'abcdefghijklmnopqrstuvwxyz',
  'administrator',
  'changemechangeme',
  'changeme1234',
  'correcthorsebatterystaple',
  'iloveyouiloveyou',
  'letmeinletmein',
  'passwordpassword',
  'password1234',
  'password123456',
  'qwerty123456',
  'qwertyqwerty',
  'qwertyuiop12',
  'qwertyuiopasdf',
  'qwertyuiopasdfghjkl',
  'sallyportsallyport',
  'welcome12345',
  'welcomewelcome',
])

/** A password in the one form that is hashed (NFKC): what a keyboard composes is the same everywhere; null for none. */
export function passwordBytes(password: Secret): Uint8Array | null {
  const text = password.reveal()
  // Before it is normalised, too: that makes text longer, and takes time.
  if (text === '' || text.length > mostBytes || !text.isWellFormed()) return null
  const bytes = Buffer.from(text.normalize('NFKC'), 'utf8')
  return bytes.length > mostBytes ? null : bytes
}

/** What is wrong with a new password, in words for whoever chooses it; null when nothing is. */
export function passwordProblem(password: Secret, email: string): string | null {
  const typed = password.reveal()
  if (typed.length > mostBytes) return tooLong
  const text = typed.normalize('NFKC')
  if (Array.from(text).length < fewestCharacters) return `must have at least ${fewestCharacters} characters`
  if (passwordBytes(password) === null) return tooLong
  const plain = text.toLowerCase().replaceAll(/[\s_.-]/g, '')
  if (text.toLowerCase().trim() === email) return 'must not be the e-mail address'
  if (commonest.has(plain) || new Set(plain).size < 3) return 'is one of the first that anybody guesses'
  return null
}
