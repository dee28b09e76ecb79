/** A table; `|` in a cell is escaped, also inside code. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

export function code(text: string): string {
  return `\`${text}\``
}

/** A page of the reference, with a first line for whoever opens it to edit it. */
export function page(title: string, source: string, ...blocks: readonly string[]): string {
  const note = `<!-- Made by tools/generate-reference.ts from ${source}. Edit that, then \`npm run generate\`. -->`
  return `${[note, `# ${title}`, ...blocks].join('\n\n')}\n`
}
