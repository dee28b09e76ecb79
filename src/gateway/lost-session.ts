/** What servers say when they no longer know a session, with a status that means something else to a client. */
const lossWords = /\bsession\b|not initialized/i

/**
 * Whether a 400 to a request with a session means that the upstream has lost it. The client is then told 404, on
 * which it initializes anew; on a 400 it would give up.
 */
export function saysSessionLost(body: Buffer): boolean {
  try {
    const answer = JSON.parse(body.toString('utf8')) as { error?: { message?: unknown } } | null
    const message = answer?.error?.message
    return typeof message === 'string' && lossWords.test(message)
  } catch {
    return false
  }
}
