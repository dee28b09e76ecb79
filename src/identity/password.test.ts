import { describe, expect, it } from 'vitest'
import { Secret } from '../lib/secret.ts'
import { passwordBytes, passwordProblem } from './password.ts'

const problem = (text: string) => passwordProblem(new Secret(text), 'ada.lovelace@example.com')

describe('auth 17: a new password', () => {
  it.each(['correct horse battery', 'zwölf Zeichen', 'a'.repeat(500) + 'bcd', '日本語のパスワードです。!'])(
    'may be any text that is long enough: %s',
    (text) => expect(problem(text)).toBeNull(),
  )

  it.each([
    ['eleven characters', 'eleven char', /at least 12/],
    ['eleven characters of two units each', '😀'.repeat(11), /at least 12/],
    ['what is shorter once it is normalised', 'e\u0301'.repeat(11), /at least 12/],
    ['more than 1024 bytes', `ab${'ä'.repeat(600)}c`, /at most 1024/],
    ['what grows past them when it is normalised', `abc${'\ufdfa'.repeat(300)}`, /at most 1024/],
    ['half a character', `abcdefghijklm\ud800`, /must be text/],
    ['the e-mail address', 'Ada.Lovelace@example.com', /e-mail address/],
    ['one of the commonest', 'Password 1234', /first that anybody guesses/],
    ['two signs again and again', 'abababababab', /first that anybody guesses/],
  ])('is refused for being %s', (_, text, says) => expect(problem(text)).toMatch(says))

  it('is one password however a keyboard composes it', () => {
    const [composed, decomposed] = ['zwölf Zeichen', 'zwo\u0308lf Zeichen'].map((text) =>
      passwordBytes(new Secret(text)),
    )
    expect(composed).toEqual(decomposed)
  })

  it.each(['', 'x'.repeat(1025), '\ud800'])('that nobody can have is not hashed', (text) =>
    expect(passwordBytes(new Secret(text))).toBeNull(),
  )
})
