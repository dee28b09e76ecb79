import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { code, page, table } from './markdown.ts'

interface ColumnRow {
  readonly table: string
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly pk: number
  readonly target: string | null
  readonly isUnique: number
}

interface IndexRow {
  readonly table: string
  readonly sql: string
}

const columnQuery = `
  select t.name as "table", c.name, c.type, c."notnull", c.pk, f."table" || '.' || f."to" as target,
    exists (
      select 1 from pragma_index_list(t.name) i join pragma_index_info(i.name) n on n.name = c.name
      where i.origin = 'u' and (select count(*) from pragma_index_info(i.name)) = 1
    ) as isUnique
  from sqlite_schema t, pragma_table_info(t.name) c
  left join pragma_foreign_key_list(t.name) f on f."from" = c.name
  where t.type = 'table' and t.name not like 'sqlite_%' order by t.name, c.cid`

const indexQuery = `select tbl_name as "table", sql from sqlite_schema where type = 'index' and sql is not null order by name`

/** `docs/reference/database.md`: the tables after the last migration, read from a new SQLite store. */
export async function databasePage(): Promise<string> {
  const { columns, indexes } = await readSchema()
  const tables = Map.groupBy(columns, (column) => column.table)
  const sections = Array.from(tables, ([name, rows]) => tableSection(name, rows, indexes))
  return page(
    'Database',
    'src/storage/migrations/',
    'What is kept, as SQLite declares it; Postgres has the same tables, columns and indexes. Times are milliseconds ' +
      'since the Unix epoch, lists are JSON text. No secret is stored in the clear: keys are hashed, and what must be ' +
      'read again is sealed.',
    ...sections,
  )
}

async function readSchema(): Promise<{ columns: ColumnRow[]; indexes: IndexRow[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reference-'))
  try {
    const file = join(folder, 'reference.db')
    const store = openStore(`sqlite:${file}`, { clock: systemClock, random: systemRandom })
    await store.migrate()
    await store.close()
    const database = new DatabaseSync(file, { readOnly: true })
    const columns = database.prepare(columnQuery).all() as unknown as ColumnRow[]
    const indexes = database.prepare(indexQuery).all() as unknown as IndexRow[]
    database.close()
    return { columns, indexes }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function tableSection(name: string, columns: readonly ColumnRow[], indexes: readonly IndexRow[]): string {
  const rows = columns.map((column) => {
    const notes = [
      column.pk > 0 ? 'primary key' : '',
      column.notnull === 1 || column.pk > 0 ? '' : 'may be null',
      column.isUnique === 1 ? 'unique' : '',
      column.target === null ? '' : `references ${code(column.target)}`,
    ]
    return [code(column.name), column.type.toLowerCase(), notes.filter((note) => note !== '').join(', ')]
  })
  const own = indexes.filter((index) => index.table === name)
  const list = own.map(({ sql }) => `- ${code(sql.replaceAll('"', '').replace(/^create index /i, ''))}`)
  return [
    `## ${name}`,
    table(['Column', 'Type', ''], rows),
    ...(own.length === 0 ? [] : ['Indexes:', list.join('\n')]),
  ].join('\n\n')
}
