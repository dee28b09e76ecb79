import { UsageError } from './command.ts'

const daysPer: Readonly<Record<string, number>> = { m: 1 / 1440, h: 1 / 24, d: 1, w: 7, y: 365 }

/** Days in a span such as `90d`, `12h`, `30m`, `2w` or `1y`; null for `never`. Throws a `UsageError`. */
export function lifetimeDays(text: string): number | null {
  if (text === 'never') return null
  const parts = /^(\d{1,6})([mhdwy])$/.exec(text)
  const days = Number(parts?.[1]) * (daysPer[parts?.[2] ?? ''] ?? Number.NaN)
  if (days > 0 && days <= 36_500) return days
  throw new UsageError(
    `${JSON.stringify(text)} is no span of time`,
    'write it as 90d, 12h, 30m, 2w, 1y or never',
  )
}
