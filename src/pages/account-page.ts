import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { noticeOf, signedInAs } from './layout.ts'
import { passwordPath } from './next-path.ts'
import type { Site } from './site.ts'

/** What every page of the account shows around its own part. */
export interface AccountFrame {
  readonly email: string
  /** The token of every form of the account. */
  readonly token: string
  readonly notice?: string
  /** Whether there are passwords of ours, and so a page for them. */
  readonly hasPasswords: boolean
}

const sections = [
  ['sessions', '/account', 'Sessions'],
  ['apps', '/account/apps', 'Apps'],
  ['keys', '/account/keys', 'Keys'],
  ['password', passwordPath, 'Password'],
] as const
export type AccountSection = (typeof sections)[number][0]

/** A page of the account: its sections, and one of them. */
export function accountPage(
  site: Site,
  { email, token, notice, hasPasswords }: AccountFrame,
  section: AccountSection,
  title: string,
  body: Html,
): Omit<PageAnswer, 'status' | 'cookies'> {
  const shown = sections.filter(([name]) => name !== 'password' || hasPasswords)
  const tabs = shown.map(
    ([name, path, label]) =>
      html`<a href="${site.base}${path}" ${name === section && html` aria-current="page"`}>${label}</a>`,
  )
  return {
    title: `${title} · Your account`,
    width: 'wide',
    who: signedInAs(site, email, token),
    script: true,
    body: html`<div class="stack-loose">
      <nav class="tabs" aria-label="Your account">${tabs}</nav>
      ${notice !== undefined && noticeOf(notice)} ${body}
    </div>`,
  }
}

export interface AskedAction {
  /** What the button says that only opens the question. */
  readonly label: string
  /** Whom it is about, for those who hear the button alone. */
  readonly about: string
  readonly action: string
  readonly token: string
  readonly hidden: readonly (readonly [name: string, value: string])[]
  /** What happens, in one sentence. */
  readonly effect: string
  readonly confirm: string
  readonly danger: boolean
  readonly more?: Html
}

/** A button that asks once more before it acts: a disclosure, which needs no script. */
export function askedAction({
  label,
  about,
  action,
  token,
  hidden,
  effect,
  confirm,
  danger,
  more,
}: AskedAction): Html {
  return html`<details class="ask">
    <summary class="button${danger && html` danger`}">${label}<span class="unseen"> ${about}</span></summary>
    <form class="ask-body stack" method="post" action="${action}">
      <input type="hidden" name="token" value="${token}" />
      ${hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <p class="small">${effect}</p>
      ${more ?? null}
      <button class="button${danger && html` danger`}">
        ${confirm}<span class="unseen"> ${about}</span>
      </button>
    </form>
  </details>`
}

/** What stands in place of an empty list. */
export function emptyList(title: string, text: string): Html {
  return html`<p class="empty"><strong>${title}</strong>${text}</p>`
}
