import { html } from './html.ts'
import type { Html } from './html.ts'

/** One thing that is wrong with a form; `field` is the id of what to correct. */
export interface Problem {
  readonly text: string
  readonly field?: string
}

/** What is wrong, above the form: read out, focused first, with a way to each field. Nothing when all is well. */
export function problemSummary(title: string, problems: readonly Problem[]): Html | null {
  if (problems.length === 0) return null
  const items = problems.map(({ text, field }) =>
    field === undefined ? html`<li>${text}</li>` : html`<li><a href="#${field}">${text}</a></li>`,
  )
  return html`<div class="notice problem" role="alert" tabindex="-1" autofocus aria-labelledby="problem">
    <h2 id="problem">${title}</h2>
    <ul>
      ${items}
    </ul>
  </div>`
}
