import { sameSecret } from '../../lib/hash.ts'
import type { SignInState } from '../sign-in-provider.ts'
import { judgeErrorCode } from './verdict.ts'
import type { Denial } from './verdict.ts'

/**
 * The code in an authorization response (RFC 6749 section 4.1.2). The state is looked at first: an error that nobody
 * here asked for is none. A parameter that is there twice counts as missing.
 */
export function readCallback(callback: URL, { state }: SignInState): { readonly code: string } | Denial {
  const one = (name: string) => {
    const values = callback.searchParams.getAll(name)
    return values.length === 1 && values[0] !== undefined && values[0] !== '' ? values[0] : null
  }
  const returned = one('state')
  if (returned === null || !sameSecret(returned, state)) return { refused: 'the state is not ours' }
  if (callback.searchParams.has('error')) return judgeErrorCode(one('error'))
  const code = one('code')
  return code === null ? { refused: 'there is no code' } : { code }
}
