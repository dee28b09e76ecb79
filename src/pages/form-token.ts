import { createHmac } from 'node:crypto'
import { sameSecret } from '../lib/hash.ts'

/** The tokens that show a form is ours and for this very browser. Stateless: nothing is kept, nothing can run out. */
export interface FormTokens {
  /** `purpose` says which form; `binding` is a secret of the browser's cookie. */
  make(purpose: string, binding: string): string
  check(token: string, purpose: string, binding: string): boolean
}

/** `key` is for nothing else. */
export function createFormTokens(key: Uint8Array): FormTokens {
  // The lengths go in, so that no purpose and binding can be read as another pair.
  const make = (purpose: string, binding: string) =>
    createHmac('sha256', key)
      .update(`sallyport form v1\n${purpose.length}:${purpose}\n${binding.length}:${binding}`)
      .digest('base64url')
  return {
    make,
    check: (token, purpose, binding) => binding !== '' && sameSecret(token, make(purpose, binding)),
  }
}
