import type { SQLInputValue, StatementSync } from 'node:sqlite'

/** Inserts each of the rows of a JSON list of lists. The transaction is the caller's. */
export function insertRows(insert: StatementSync, rows: Uint8Array): void {
  const lists = JSON.parse(Buffer.from(rows.buffer, rows.byteOffset, rows.length).toString('utf8'))
  for (const values of lists as readonly (readonly SQLInputValue[])[]) insert.run(...values)
}
