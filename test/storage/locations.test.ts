import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Failure } from '../../src/lib/error.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { dependencies, onPostgres } from './databases.ts'

describe('a store location', () => {
  let directory = ''
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sallyport-locations-'))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  it.each(['', 'sqlite:', 'mysql://root:hunter2@localhost/x', 'postgres://u:hunter2 %@[', './sallyport.db'])(
    'is refused, without repeating it, when it is %j',
    (location) => {
      const failure = failureOf(() => openStore(location, dependencies))
      expect(failure).toMatchObject({
        code: 'store_location_invalid',
        fix: expect.stringContaining('sqlite:FILE'),
      })
      expect(everythingIn(failure)).not.toContain('hunter2')
    },
  )

  it('makes a new file that only its owner can read, and the files beside it', async () => {
    const file = join(directory, 'new.db')
    const store = openStore(`sqlite:${file}`, dependencies)
    await store.migrate()
    for (const part of [file, `${file}-wal`, `${file}-shm`])
      expect((await stat(part)).mode & 0o777).toBe(0o600)
    await store.close()
  })

  it('may be memory', async () => {
    const store = openStore('sqlite::memory:', dependencies)
    expect(await store.migrate()).toHaveLength(2)
    await store.ping()
    expect(await store.users.list()).toStrictEqual([])
    await store.close()
  })

  it('is refused when its directory is missing or it is a directory', () => {
    for (const path of [join(directory, 'missing', 'x.db'), directory]) {
      const failure = failureOf(() => openStore(`sqlite:${path}`, dependencies))
      expect(failure).toMatchObject({ code: 'store_unreachable', fix: expect.stringContaining('directory') })
    }
  })

  it('is refused when the file is something else', async () => {
    const file = join(directory, 'letter.txt')
    await writeFile(file, 'Dear Sir or Madam, this is no database. '.repeat(100))
    expect(failureOf(() => openStore(`sqlite:${file}`, dependencies))).toMatchObject({
      code: 'store_corrupt',
    })
  })

  it('fails each call with a reason once the store is closed', async () => {
    const store = openStore('sqlite::memory:', dependencies)
    await store.migrate()
    await store.close()
    expect(failureOf(() => store.apiKeys.findForCall('k1'))).toMatchObject({ code: 'store_unreachable' })
    await store.close()
  })

  it('rejects calls when no Postgres server listens there, without showing the password', async () => {
    const store = openStore('postgres://gateway:hunter2@127.0.0.1:1/none', dependencies)
    for (const call of [
      () => store.ping(),
      () => store.migrate(),
      async () => store.apiKeys.findForCall('k1'),
    ]) {
      const failure = await call().catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'store_unreachable', status: 503, fix: expect.any(String) })
      expect(everythingIn(failure)).not.toContain('hunter2')
    }
    await store.close()
  })
})

onPostgres((databases) => {
  it('says which part of the location to mend', async () => {
    const location = await databases.newLocation()
    const wrongPassword = databases.open(location.replace('only-for-tests', 'hunter2'))
    const failure = await wrongPassword.ping().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'store_unreachable', fix: 'check user and password in `store`' })
    expect(everythingIn(failure)).not.toContain('hunter2')
    await expect(databases.open(`${location}_missing`).ping()).rejects.toMatchObject({
      code: 'store_unreachable',
      fix: 'make the database that `store` names',
    })
  })
})

function failureOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('It did not fail')
}

/** Everything a log could print of it. */
function everythingIn(failure: unknown): string {
  if (!(failure instanceof Failure)) throw new Error('It is no Failure', { cause: failure })
  const cause =
    failure.cause instanceof Error
      ? JSON.stringify(failure.cause, Object.getOwnPropertyNames(failure.cause))
      : ''
  return [failure.message, failure.detail, failure.fix, failure.stack, cause].join('\n')
}
