import type { IncomingMessage, ServerResponse } from 'node:http'
import { default as Provider } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { Failure } from '../lib/error.ts'
import type { AccessTokenSigning } from '../tokens/access-token-signing.ts'
import { retryAfterSeconds, unavailable } from './answers.ts'
import type { ClientDirectory } from './client-directory.ts'
import { libraryConfiguration, sessionCookie } from './library-configuration.ts'
import type { LibraryOptions, LibraryParts } from './library-configuration.ts'
import { listenToLibrary } from './library-events.ts'
import type { LibraryEventsDependencies } from './library-events.ts'
import type { LibraryPages } from './interaction.ts'
import { redirectUriAllowed } from './redirect-policy.ts'
import { requestState } from './request-state.ts'
import type { RequestState } from './request-state.ts'

export interface LibraryDependencies extends Omit<LibraryParts, 'jwks'>, LibraryEventsDependencies {
  readonly signing: AccessTokenSigning
  readonly clients: ClientDirectory
}

/** The library as it is now, and its listener. */
export interface Library {
  readonly provider: Provider
  readonly listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>
}

/**
 * The library, with the key that signs now. It takes keys only when it is made, and is cheap to make and keeps nothing:
 * when another key signs, it is made anew.
 */
export function createLibrary(options: LibraryOptions, parts: LibraryDependencies): () => Library {
  let made: { readonly keyId: string; readonly library: Library } | null = null
  return () => {
    const keyId = parts.signing.currentId
    if (made?.keyId === keyId) return made.library
    const jwks = { keys: [parts.signing.unsealCurrent()] } as LibraryParts['jwks']
    const provider = new Provider(options.issuer, libraryConfiguration(options, { ...parts, jwks }))
    useOwnAddress(provider, options.issuer)
    useOwnRules(provider, parts.clients)
    finishAnswers(provider, parts.pages)
    listenToLibrary(provider, parts)
    made = { keyId, library: { provider, listener: provider.callback() } }
    return made.library
  }
}

/** Every URL it makes begins with publicUrl: neither Host nor a proxy's fields have a say (T17). */
function useOwnAddress(library: Provider, issuer: string): void {
  const { protocol, host, pathname } = new URL(issuer)
  Object.defineProperties(library.request, {
    protocol: { get: () => protocol.slice(0, -1) },
    host: { get: () => host },
  })
  Object.defineProperty(library.context, 'mountPath', { value: pathname === '/' ? '' : pathname })
}

/** Redirects are matched by our own policy, and secrets with the hash we keep. */
function useOwnRules(library: Provider, clients: ClientDirectory): void {
  const { prototype } = library.Client
  prototype.redirectUriAllowed = function (uri) {
    return redirectUriAllowed(this.redirectUris ?? [], uri)
  }
  prototype.compareClientSecret = function (secret) {
    return clients.checkSecret(this.clientId, secret)
  }
}

/** The fields of pages, our word for an outage, and no cookie for a session that is a view of our own. */
function finishAnswers(library: Provider, pages: LibraryPages): void {
  library.use(async (ctx, next) => {
    await next()
    const state = requestState()
    if (state.failure !== null) sayUnavailable(ctx, pages, state)
    if (state.endpoint === 'introspect' && ctx.status === 200) refuseUnknown(ctx)
    ctx.set('Cache-Control', 'no-store')
    const cookies = [ctx.response.headers['set-cookie'] ?? []].flat().map(String)
    const kept = cookies.filter((cookie) => !cookie.startsWith(`${sessionCookie}=`))
    if (kept.length === 0) ctx.remove('set-cookie')
    else ctx.set('set-cookie', kept)
    if (ctx.type !== 'text/html' || ctx.status === 303) return
    for (let index = 0; index + 1 < pages.fields.length; index += 2) {
      ctx.set(pages.fields[index] ?? '', pages.fields[index + 1] ?? '')
    }
  })
}

type Context = Parameters<Parameters<Provider['use']>[0]>[0]

function sayUnavailable(ctx: Context, pages: LibraryPages, { failure, requestId }: RequestState): void {
  if (!(failure instanceof Failure)) return
  ctx.status = 503
  ctx.set('Retry-After', String(retryAfterSeconds))
  if (ctx.type === 'text/html') {
    const { error: code, error_description: message } = unavailable
    ctx.body = pages.error({ code, message, requestId })
  } else ctx.body = unavailable
}

/** A public client cannot show who it is, so it learns of no token, not even whether it is one (RFC 7662 section 4). */
function refuseUnknown(ctx: Context): void {
  const { client } = (ctx as unknown as KoaContextWithOIDC).oidc
  if (client?.clientAuthMethod !== 'none') return
  ctx.status = 401
  ctx.body = { error: 'invalid_client', error_description: 'introspection needs client authentication' }
}
