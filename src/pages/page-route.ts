import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import { Failure } from '../lib/error.ts'
import { tellStoreFailure } from '../telemetry/store-failure.ts'
import type { Emit } from '../telemetry/telemetry.ts'

/** What answers a page. */
export type PageAnswerer = (received: Received) => Promise<Refusal | null>

/** One path of the pages, below publicUrl's path. Its last segment may be variable, in braces: `/consent/{uid}`. */
export interface PageRoute {
  readonly path: string
  /** What metrics and logs call it. */
  readonly template: string
  readonly methods: readonly string[]
  readonly answer: PageAnswerer
}

/** A route whose GET and POST are answered by functions of their own. */
export function pageRoute(
  path: string,
  by: { readonly get?: PageAnswerer; readonly post?: PageAnswerer },
): PageRoute {
  const { get, post } = by
  const methods = [...(get === undefined ? [] : ['GET', 'HEAD']), ...(post === undefined ? [] : ['POST'])]
  return {
    path,
    template: path,
    methods,
    async answer(received) {
      const answer = received.head.method === 'POST' ? post : get
      return (await answer?.(received)) ?? null
    },
  }
}

/** The route where the store may be out: that is 503, never a sign-out, and it is counted. */
export function withOutages(route: PageRoute, emit: Emit): PageRoute {
  return {
    ...route,
    async answer(received) {
      try {
        return await route.answer(received)
      } catch (error) {
        if (!(error instanceof Failure && error.code.startsWith('store_'))) throw error
        tellStoreFailure(error, 'page', emit)
        return { refused: 'store_unavailable', detail: error.detail ?? error.message }
      }
    },
  }
}

/** The last segment of the path: what stands for a variable one. */
export function lastSegment({ head }: Received): string {
  return head.path.slice(head.path.lastIndexOf('/') + 1)
}

/** What was asked behind the path. */
export function queryOf({ request }: Received): URLSearchParams {
  const url = request.url ?? ''
  const sign = url.indexOf('?')
  return new URLSearchParams(sign === -1 ? '' : url.slice(sign + 1))
}
