import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { randomBase62 } from '../../lib/base62.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomSource } from '../../lib/random.ts'
import type { Caller } from './caller.ts'

export interface Note {
  readonly id: string
  readonly text: string
  /** ISO 8601. */
  readonly createdAt: string
}

export const longestNote = 1000
export const mostNotes = 200

/** Every caller's notes in one SQLite file. Each method names the owner: there is no way to ask for a note alone. */
export interface Notes {
  /** Null when the owner has `mostNotes` already. */
  add(owner: Caller, text: string): Note | null
  find(owner: Caller, id: string): Note | undefined
  /** The newest first; only those that contain `containing`, in whatever letter case. */
  list(owner: Caller, limit: number, containing?: string): Note[]
  /** False when the owner has no such note. */
  remove(owner: Caller, id: string): boolean
  close(): void
}

const owned = 'workspace = ? and sub = ?'
const columns = 'id, text, created_at as createdAt'

/** Opens or makes the file, readable by its owner only. Two processes may share it. */
export function openNotes(file: string, { clock, random }: { clock: Clock; random: RandomSource }): Notes {
  closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file, { timeout: 5000 })
  db.exec(`
    pragma journal_mode = wal;
    create table if not exists notes (
      id text primary key, workspace text not null, sub text not null, text text not null, created_at text not null
    ) strict;
    create index if not exists notes_by_owner on notes (workspace, sub, created_at)`)
  const insert = db.prepare(`insert into notes (id, workspace, sub, text, created_at)
    select ?, ?, ?, ?, ? where (select count(*) from notes where ${owned}) < ${mostNotes}`)
  const select = db.prepare(`select ${columns} from notes where ${owned} and id = ?`)
  const selectAll = db.prepare(`select ${columns} from notes
    where ${owned} and instr(lower(text), lower(?)) > 0 order by created_at desc, rowid desc limit ?`)
  const remove = db.prepare(`delete from notes where ${owned} and id = ?`)
  return {
    add({ workspace, sub }, text) {
      const note = { id: randomBase62(16, random), text, createdAt: new Date(clock.now()).toISOString() }
      const { changes } = insert.run(note.id, workspace, sub, text, note.createdAt, workspace, sub)
      return Number(changes) === 0 ? null : note
    },
    find: ({ workspace, sub }, id) => select.get(workspace, sub, id) as Note | undefined,
    list: ({ workspace, sub }, limit, containing = '') =>
      selectAll.all(workspace, sub, containing, limit) as unknown as Note[],
    remove: ({ workspace, sub }, id) => Number(remove.run(workspace, sub, id).changes) > 0,
    close: () => db.close(),
  }
}
