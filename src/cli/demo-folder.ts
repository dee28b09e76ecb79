import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../lib/error.ts'

const mostAtOnce = 50
const sqliteBusy = 5

/** A folder that no other running demo uses. */
export interface DemoFolder {
  readonly path: string
  release(): void
}

/**
 * Takes `base`, or a folder inside it while other demos run: each has its own store, so one never revokes another's
 * keys. The lock is SQLite's, which the operating system drops with the process, however that ends.
 */
export function claimDemoFolder(base: string): DemoFolder {
  for (let place = 1; place <= mostAtOnce; place += 1) {
    const path = place === 1 ? base : join(base, String(place))
    mkdirSync(path, { recursive: true, mode: 0o700 })
    // The store holds no plain key, but nothing of a demo belongs into a repository.
    writeFileSync(join(path, '.gitignore'), '*\n')
    const lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 })
    try {
      lock.exec('begin exclusive')
      return { path, release: () => lock.close() }
    } catch (error) {
      lock.close()
      if (!(error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)) throw error
    }
  }
  throw new Failure({
    code: 'demo_folder_taken',
    status: 500,
    message: `${mostAtOnce} demos run in ${base} already`,
    fix: 'stop one of them, or start this one in another folder',
  })
}
