import { sha256Hex } from '../lib/hash.ts'
import { accountScript } from './account-script.ts'
import { iconFile } from './logo.ts'
import { styleSheet } from './style-sheet.ts'

/** One file the pages load. Its name changes with its content, so that browsers may keep it for good. */
export interface Asset {
  readonly path: string
  readonly contentType: string
  readonly body: string
}

/** Where the pages are, and what they are called. Every path is absolute and below publicUrl's. */
export interface Site {
  readonly publicUrl: URL
  /** `''` or `/below`. */
  readonly base: string
  /** The host people know the gateway by. */
  readonly host: string
  readonly secure: boolean
  readonly style: Asset
  readonly icon: Asset
  readonly script: Asset
}

export function createSite(publicUrl: URL): Site {
  return {
    publicUrl,
    base: publicUrl.pathname.replace(/\/$/, ''),
    host: publicUrl.host,
    secure: publicUrl.protocol === 'https:',
    style: asset('css', 'text/css; charset=utf-8', styleSheet),
    icon: asset('svg', 'image/svg+xml', iconFile),
    script: asset('js', 'text/javascript; charset=utf-8', accountScript),
  }
}

function asset(ending: string, contentType: string, body: string): Asset {
  return { path: `/assets/sallyport-${sha256Hex(body).slice(0, 16)}.${ending}`, contentType, body }
}
