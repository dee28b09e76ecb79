import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../src')

/** A comparison by content with a name that says what it holds is secret. What is compared with a literal is no secret. */
const namesSecret = String.raw`[\w.]*(?:secret|token|digest|password|hash|apiKey|presented)(?:Hash)?`
const nothing = String.raw`(?:null|undefined|true|false|''|'[^']*'|\d)`
const secretOnTheLeft = new RegExp(String.raw`(?<![\w.])${namesSecret}\s*[!=]==?\s*(?!${nothing})[\w.]`, 'i')
const secretOnTheRight = new RegExp(String.raw`[\w.)]\s*[!=]==?\s*${namesSecret}(?![\w(])`, 'i')

/** Two settings of one operator, compared at start: nobody who calls can measure that. */
const settingsAlone = 'config/whole.ts'

it('T9: compares no secret with == anywhere, and every comparison of one in constant time', () => {
  const files = sourceFiles()
  expect(files.length).toBeGreaterThan(80)
  const found = files
    .filter((file) => file !== settingsAlone)
    .flatMap((file) =>
      readFileSync(join(source, file), 'utf8')
        .split('\n')
        .filter(comparesSecret)
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(found).toStrictEqual([])
  const hash = readFileSync(join(source, 'lib/hash.ts'), 'utf8')
  expect(hash).toContain('timingSafeEqual(Buffer.from(a')
  expect(readFileSync(join(source, 'gateway/api-key-authenticator.ts'), 'utf8')).toContain(
    'sameDigest(hashApiKey(token), stored.secretHash)',
  )
  expect(readFileSync(join(source, 'gateway/admin-authenticator.ts'), 'utf8')).toContain('sameSecret(')
})

it('T9: finds such a comparison where there is one', () => {
  for (const line of [
    'return stored.secretHash === hashApiKey(token)',
    'if (token !== options.adminToken) return',
    'credential.token == expected',
    'hashApiKey(token) === stored.secretHash',
  ])
    expect([line, comparesSecret(line)]).toStrictEqual([line, true])
  for (const line of ["if (token === '') return", 'adminToken === null ? [] : x', 'tokenShape.test(token)'])
    expect([line, comparesSecret(line)]).toStrictEqual([line, false])
})

it('T41: no room that a request passes imports a key-derivation function', () => {
  const rooms = /^(?:gateway|identity|principal|access|tokens|upstreams|limits|mcp|lib|storage)\//
  const derivations = /\b(?:scrypt|pbkdf2|argon2|bcrypt|hkdf|deriveBits|deriveKey)/i
  const found = sourceFiles()
    .filter((file) => rooms.test(file) && !/password|sealed-box/.test(file))
    .filter((file) => derivations.test(withoutComments(readFileSync(join(source, file), 'utf8'))))
  expect(found).toStrictEqual([])
})

function comparesSecret(line: string): boolean {
  const code = withoutComments(line)
  return secretOnTheLeft.test(code) || secretOnTheRight.test(code)
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|^\s*\*.*/gm, '')
}

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
}
