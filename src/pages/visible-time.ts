import { html } from './html.ts'
import type { Html } from './html.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A moment (epoch milliseconds) as people read it, in UTC, with the exact one beside it. `absent` stands for null. */
export function visibleTime(time: number | null, absent = 'never'): Html {
  if (time === null) return html`<span class="quiet">${absent}</span>`
  const exact = new Date(time).toISOString()
  const [year, month, day] = exact.slice(0, 10).split('-')
  const text = `${Number(day)} ${months[Number(month) - 1] ?? ''} ${year ?? ''}, ${exact.slice(11, 16)} UTC`
  return html`<time datetime="${exact}">${text}</time>`
}

/** A span of seconds in words, rounded up, for "try again in …". */
export function visibleSpan(seconds: number): string {
  if (seconds < 90) return seconds <= 1 ? '1 second' : `${Math.ceil(seconds)} seconds`
  if (seconds < 5400) return `${Math.ceil(seconds / 60)} minutes`
  return `${Math.ceil(seconds / 3600)} hours`
}
