import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { Failure } from '../lib/error.ts'
import type { RandomSource } from '../lib/random.ts'

/** Where the key is kept when none is configured: beside an SQLite file, else in the working folder. */
export function secretsKeyFile(store: string): string {
  return fileBeside(store, 'secrets-key')
}

/** A file beside an SQLite file, named after it; with any other store one in the working folder. */
export function fileBeside(store: string, ending: string): string {
  const path = store.startsWith('sqlite:') ? store.slice('sqlite:'.length) : ''
  return `${path === '' || path === ':memory:' ? 'sallyport' : path}.${ending}`
}

/**
 * Reads the key that encrypts stored secrets, making it on first run with mode 0600. Two processes that start
 * together end up with the same one: the file appears whole, and only once.
 */
export function readOrMakeSecretsKey(file: string, random: RandomSource): string {
  const existing = readKey(file)
  if (existing !== null) return existing
  const draft = `${file}.${Buffer.from(random.bytes(6)).toString('hex')}`
  try {
    writeFileSync(draft, `${Buffer.from(random.bytes(32)).toString('base64url')}\n`, {
      mode: 0o600,
      flag: 'wx',
    })
    try {
      linkSync(draft, file)
    } finally {
      unlinkSync(draft)
    }
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw unusable(file, error)
  }
  const made = readKey(file)
  if (made === null) throw unusable(file, null)
  return made
}

function readKey(file: string): string | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw unusable(file, error)
  }
  if (text.length < 32) throw unusable(file, null)
  return text
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function unusable(file: string, cause: unknown): Failure {
  const why = errorCode(cause)
  return new Failure({
    code: 'secrets_key_unusable',
    status: 500,
    message: `the secrets key file ${file} cannot be used${why === '' ? '' : ` (${why})`}`,
    fix: 'make it readable and writable, or set secretsKey',
    cause,
  })
}
