import { floors, placeOf } from './rooms.ts'
import { isTest, lineCount } from './source-files.ts'
import type { Finding, SourceFile } from './source-files.ts'

const mostLines = 400
const mostReadmeLines = 30
const typicalLines = { median: 80, p90: 250 }

const drawers = new Set(['index', 'utils', 'helpers', 'common', 'shared', 'misc', 'types'])
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** What is wrong with one file of `src/`, apart from its imports. */
export function fileFindings({ path, text }: SourceFile): Finding[] {
  const problems: string[] = [...nameProblems(path)]
  const place = placeOf(path)
  if (place === null || path.split('/').length < 3) problems.push('src holds rooms only: move it into one')
  else if (!(place.room in floors)) problems.push(`${place.room} is no room: see tools/rooms.ts`)
  const lines = lineCount(text)
  if (lines > mostLines && !isExempt(path)) problems.push(`has ${lines} lines; ${mostLines} is the most`)
  if (path.endsWith('.ts') && isBarrel(text)) problems.push('only re-exports: import from where things are')
  return problems.map((message) => ({ path, line: 1, message }))
}

function nameProblems(path: string): string[] {
  const segments = path.split('/').slice(1)
  const file = segments.at(-1) ?? ''
  if (file === 'README.md') segments.pop()
  return segments.flatMap((segment) => {
    const stem = segment === file ? segment.replace(/(?:\.test)?\.[a-z0-9]+$/, '') : segment
    if (drawers.has(stem)) return [`${segment} is a drawer: name it for the one thing it holds`]
    return kebab.test(stem) ? [] : [`${segment} is not in kebab case`]
  })
}

/** Tables that only grow: their length says nothing about their design. */
function isExempt(path: string): boolean {
  return path.split('/').some((segment) => segment === 'migrations' || segment === 'generated')
}

function isBarrel(text: string): boolean {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const rest = code
    .replace(/^(?:import|export)\b[^'"`=]*?\bfrom\s*'[^']*'/gm, '')
    .replace(/^export\s+(?:type\s+)?\{[^}]*\}/gm, '')
  return /^export\b/m.test(code) && rest.trim() === ''
}

/** Every room opens with a page of at most 30 lines that says what it owns and what it refuses. */
export function readmeFindings(files: readonly SourceFile[]): Finding[] {
  const rooms = new Set(files.map(({ path }) => placeOf(path)?.room ?? ''))
  return Object.keys(floors)
    .filter((room) => rooms.has(room))
    .flatMap((room) => {
      const path = `src/${room}/README.md`
      const text = files.find((file) => file.path === path)?.text
      return readmeProblems(room, text).map((message) => ({ path, line: 1, message }))
    })
}

function readmeProblems(room: string, text: string | undefined): string[] {
  if (text === undefined) return ['is missing: say what the room owns and what it refuses']
  const problems: string[] = []
  const lines = lineCount(text)
  if (lines > mostReadmeLines) problems.push(`has ${lines} lines; ${mostReadmeLines} is the most`)
  if (!text.startsWith(`# ${room}\n`)) problems.push(`must begin with "# ${room}"`)
  for (const word of ['Owns', 'Refuses']) {
    if (!new RegExp(`^${word}\\b`, 'm').test(text))
      problems.push(`has no paragraph that begins with "${word}"`)
  }
  return problems
}

/** Says so when files grow beyond what the house style calls typical; null while they do not. */
export function sizeWarning(files: readonly SourceFile[]): string | null {
  const sizes = files
    .filter(({ path }) => path.endsWith('.ts') && !isTest(path) && !isExempt(path))
    .map(({ text }) => lineCount(text))
    .sort((a, b) => a - b)
  const [median, p90] = [0.5, 0.9].map((share) => sizes[Math.floor(sizes.length * share)] ?? 0)
  if ((median ?? 0) < typicalLines.median && (p90 ?? 0) < typicalLines.p90) return null
  return `median ${median} lines (under ${typicalLines.median} wanted), p90 ${p90} (under ${typicalLines.p90})`
}
