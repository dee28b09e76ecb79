import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { testSecretsKey } from './gateway.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../bin/sallyport.js')

/** Runs a command on a store, as another process; answers what it printed, as JSON. Throws when it fails. */
export async function sallyport<T>(store: string, ...words: string[]): Promise<T> {
  const env = { PATH: process.env['PATH'], SALLYPORT_SECRETS_KEY: testSecretsKey }
  const { stdout } = await run(process.execPath, [program, ...words, '--store', store, '--json'], { env })
  return JSON.parse(stdout) as T
}
