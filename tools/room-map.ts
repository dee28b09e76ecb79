import { floors } from './rooms.ts'
import type { SourceFile } from './source-files.ts'

const opening = '<!-- rooms -->'
const closing = '<!-- /rooms -->'

/** The rooms that exist, top floor first, each with what its README says it owns. */
export function roomMap(files: readonly SourceFile[]): string {
  const rows = Object.entries(floors).flatMap(([room, floor]) => {
    const readme = files.find(({ path }) => path === `src/${room}/README.md`)
    return readme === undefined ? [] : [`| ${floor} | [${room}](src/${room}/) | ${owned(readme.text)} |`]
  })
  return ['| floor | room | owns |', '|---|---|---|', ...rows].join('\n')
}

/** The first sentence of the paragraph that begins with "Owns". */
function owned(text: string): string {
  const sentence = /^Owns\s+([\s\S]*?)\.(?=\s|$)/m.exec(text)?.[1] ?? ''
  return sentence.replace(/\s+/g, ' ').replaceAll('|', '\\|')
}

/** The page with the map between its marks; null when the marks are not there. */
export function withMap(page: string, map: string): string | null {
  const from = page.indexOf(opening)
  const to = page.indexOf(closing)
  if (from < 0 || to < from) return null
  return `${page.slice(0, from + opening.length)}\n${map}\n${page.slice(to)}`
}
