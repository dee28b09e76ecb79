const longestName = 100
const longestUri = 2048

/** Characters nobody sees, or that change the order in which others are read: a name made of them can pass for another. */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]/u

/** What is wrong with the name a client gives itself, in words that follow `client_name`; null when nothing is. */
export function clientNameProblem(name: unknown): string | null {
  if (typeof name !== 'string') return 'must be a string'
  const text = name.trim()
  if (text === '' || [...text].length > longestName) return `must have 1 to ${longestName} characters`
  return invisible.test(text)
    ? 'must not have control characters, invisible ones or ones that turn the order'
    : null
}

/** What is wrong with a URL of a client's metadata; https alone, so that nobody on the way can change what it shows. */
export function webUriProblem(uri: unknown): string | null {
  if (typeof uri !== 'string' || uri.length > longestUri || !/^https:\/\/[^/?#]/i.test(uri)) {
    return 'must be an https URL'
  }
  const url = /[\s\\]/.test(uri) ? null : URL.parse(uri)
  if (url === null) return 'must be an https URL'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  return null
}
