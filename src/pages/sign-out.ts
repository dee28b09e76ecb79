import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { LoginSessions } from '../identity/login-session.ts'
import { answerPage, sendOn } from './answer-page.ts'
import { html } from './html.ts'
import { readOwnForm } from './own-form.ts'
import type { OwnFormParts } from './own-form.ts'
import { pageRoute } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { findVisitor } from './visitor.ts'
import type { VisitorDependencies } from './visitor.ts'

export interface SignOutParts extends OwnFormParts, VisitorDependencies {
  readonly loginSessions: Pick<LoginSessions, 'find' | 'logOut'>
}

const afterwards = '/login?done=signed-out'

/** `/logout`: a link only shows the button, so that no picture on another site signs anybody out. */
export function signOutRoutes(parts: SignOutParts): readonly PageRoute[] {
  return [
    pageRoute('/logout', {
      get: (received) => ask(received, parts),
      post: (received) => signOut(received, parts),
    }),
  ]
}

async function ask(received: Received, parts: SignOutParts): Promise<null> {
  const { site, tokens } = parts
  const visitor = await findVisitor(received, parts)
  if (visitor === null) return sendOn(received, site, afterwards)
  const body = html`<div class="card stack-loose">
    <div>
      <h1>Sign out?</h1>
      <p class="lead">You are signed in as <bdi>${visitor.signedIn.email}</bdi>.</p>
    </div>
    <p>Your apps keep their access. You can end it under <a href="${site.base}/account/apps">Apps</a>.</p>
    <form class="actions equal" method="post" action="${site.base}/logout">
      <input type="hidden" name="token" value="${tokens.make('account', visitor.cookieValue)}" />
      <button class="button primary">Sign out</button>
      <a class="button" href="${site.base}/account">Stay</a>
    </form>
  </div>`
  return answerPage(received, site, { title: 'Sign out', width: 'narrow', body })
}

/** Who is not signed in has nothing to end: nothing is counted for them (T31). */
async function signOut(received: Received, parts: SignOutParts): Promise<Refusal | null> {
  const { site, cookie, loginSessions } = parts
  const visitor = await findVisitor(received, parts)
  if (visitor === null) return sendOn(received, site, afterwards, [cookie.clear()])
  const form = await readOwnForm(received, parts, 'account', visitor.cookieValue)
  if ('refused' in form) return form
  await loginSessions.logOut(visitor.cookieValue)
  return sendOn(received, site, afterwards, [cookie.clear()])
}
