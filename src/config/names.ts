import type { Option } from './option.ts'

const snake = (text: string) => text.replace(/([a-z0-9])([A-Z])/g, '$1_$2')

/** `auth.apiKeys.maxPerUser` → `SALLYPORT_AUTH_API_KEYS_MAX_PER_USER`. */
export function variableName(key: string): string {
  return `SALLYPORT_${key.split('.').map(snake).join('_').toUpperCase()}`
}

/** `publicUrl` → `public-url`, unless the option names its flag itself. */
export function flagName(key: string, option: Pick<Option<unknown>, 'flag'>): string {
  return option.flag ?? key.split('.').map(snake).join('-').toLowerCase().replaceAll('_', '-')
}

/** The known name nearest to a mistyped one, when it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), least)
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, place) => place)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? limit
}
