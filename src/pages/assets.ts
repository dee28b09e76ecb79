import type { PageRoute } from './page-route.ts'
import type { Asset, Site } from './site.ts'

/** The files of the pages. Their names change with their content, so that they may be kept for a year. */
export function assetRoutes({ style, icon, script }: Site): readonly PageRoute[] {
  return [style, icon, script].map(assetRoute)
}

function assetRoute({ path, contentType, body }: Asset): PageRoute {
  const bytes = Buffer.from(body)
  return {
    path,
    template: '/assets/{file}',
    methods: ['GET', 'HEAD'],
    async answer({ response, head, requestId }) {
      response.writeHead(200, [
        'Content-Type',
        contentType,
        'Content-Length',
        String(bytes.length),
        'Cache-Control',
        'public, max-age=31536000, immutable',
        'X-Content-Type-Options',
        'nosniff',
        'Cross-Origin-Resource-Policy',
        'same-origin',
        'X-Request-Id',
        requestId,
      ])
      response.end(head.method === 'HEAD' ? undefined : bytes)
      return null
    },
  }
}
