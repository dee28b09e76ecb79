import type { PageAnswerer } from './page-route.ts'
import { sendOn } from './answer-page.ts'
import { home } from './next-path.ts'
import { prefersHtml } from './refusal-page.ts'
import type { Site } from './site.ts'

/** publicUrl itself: leads a browser to the account; for a program there is nothing here. */
export function createFrontDoor(site: Site): PageAnswerer {
  return async (received) => {
    const { head, request } = received
    const isLook = head.method === 'GET' || head.method === 'HEAD'
    return isLook && prefersHtml(request.headers.accept)
      ? sendOn(received, site, home)
      : { refused: 'not_found' }
  }
}
