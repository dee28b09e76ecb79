import { html } from './html.ts'
import type { Html } from './html.ts'

const outer = 'M4 30V15a12 12 0 0 1 24 0v15h-6V15.5a6 6 0 0 0-12 0V30z'
const inner = 'M13 30V16a3 3 0 0 1 6 0v14z'

/** The mark: a gate behind a gate. It says nothing to a screen reader, the name stands beside it. */
export const logo: Html = html`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <path d="${outer}" />
  <path class="logo-inner" d="${inner}" />
</svg>`

/** The same as a file of its own, for the browser's tab. */
export const iconFile = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>path{fill:#0b6b60}@media (prefers-color-scheme:dark){path{fill:#5fd4c4}}</style><path d="${outer}"/><path opacity=".55" d="${inner}"/></svg>`
