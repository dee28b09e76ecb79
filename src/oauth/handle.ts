import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SignedIn } from '../identity/login-session.ts'
import { Failure } from '../lib/error.ts'
import type { Log } from '../telemetry/log.ts'
import { tellStoreFailure } from '../telemetry/store-failure.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { LimitedEndpoint, RejectionReason } from '../telemetry/vocabulary.ts'
import { answerJson, answerLimited, answerPage, answerUnavailable, redirect } from './answers.ts'
import type { Fields } from './answers.ts'
import { formSecretOf } from './device-form.ts'
import { findOauthRoute, metadataPaths } from './endpoints.ts'
import type { OauthRoute } from './endpoints.ts'
import type { LibraryPages } from './interaction.ts'
import { sessionCookie } from './library-configuration.ts'
import type { Library } from './library.ts'
import { cookiesWith, libraryRequest, readBody } from './library-request.ts'
import { authorizationServerMetadata } from './metadata.ts'
import type { MetadataOptions } from './metadata.ts'
import { presentToken } from './present-token.ts'
import type { PresentTokenDependencies } from './present-token.ts'
import { objectFrom } from './registration-endpoint.ts'
import type { Registration } from './registration-endpoint.ts'
import { newRequestState, runRequest } from './request-state.ts'
import type { PresentedToken } from './request-state.ts'
import type { Resources } from './resources.ts'
import { sanitize } from './sanitize.ts'
import { answerUserinfo } from './userinfo.ts'
import type { UserinfoDependencies } from './userinfo.ts'

export interface HandleOptions extends MetadataOptions {
  readonly publicUrl: URL
  readonly formKey: Uint8Array
}

export interface HandleDependencies extends PresentTokenDependencies, UserinfoDependencies {
  readonly library: () => Library
  readonly registration: Registration
  readonly resources: Resources
  readonly pages: LibraryPages
  readonly findSignedIn: (request: IncomingMessage) => Promise<SignedIn | null>
  /** Takes one use from a budget; answers seconds to wait when it is used up, else null. */
  readonly limit: (endpoint: LimitedEndpoint, request: IncomingMessage) => number | null
  readonly emit: Emit
  readonly log: Log
  /** A request is refused because of who sent it. */
  readonly onRefused: (request: IncomingMessage, reason: RejectionReason) => void
}

export interface HandleContext {
  readonly requestId: string
  /** Response fields every answer carries: name, value … */
  readonly fields: Fields
}

/** Answers a request to one of our paths; its URL is as the client sent it. Never rejects. */
export type Handle = (
  request: IncomingMessage,
  response: ServerResponse,
  context: HandleContext,
) => Promise<void>

const mostBodyBytes = 65_536
const forms = 'application/x-www-form-urlencoded'
/** Characters of an authorization request: it is kept while a person thinks about it, and anybody may send one. */
const longestRequest = 4096

/** The one listener of the authorization server: what is ours is answered here, the rest by the library. */
export function createHandle(options: HandleOptions, parts: HandleDependencies): Handle {
  const base = options.publicUrl.pathname.replace(/\/$/, '')
  const metadata: ReadonlySet<string> = new Set(metadataPaths(base))

  return async (request, response, context) => {
    for (let index = 0; index + 1 < context.fields.length; index += 2) {
      response.setHeader(context.fields[index] ?? '', context.fields[index + 1] ?? '')
    }
    try {
      const [path, query] = split(request.url ?? '')
      if (metadata.has(path)) {
        return answerJson(response, 200, authorizationServerMetadata(options, parts.resources.list()))
      }
      const found = path.startsWith(`${base}/`) ? findOauthRoute(path.slice(base.length)) : null
      if (found === null) return answerJson(response, 404, { error: 'not_found' })
      const { route, segment } = found
      if (!route.methods.includes(request.method ?? '')) {
        response.setHeader('Allow', route.methods.join(', '))
        return answerJson(response, 405, { error: 'method_not_allowed' })
      }
      await answer(request, response, context, { route, segment, path: path.slice(base.length), query })
    } catch (error) {
      // A client that left in the middle of its body has nothing to be told.
      if (request.destroyed && !request.complete) return void response.destroy()
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      parts.log.error('the authorization server failed', { requestId: context.requestId, detail })
      if (error instanceof Failure) tellStoreFailure(error, 'authorization_server', parts.emit)
      if (response.headersSent) response.destroy()
      else if (error instanceof Failure) answerUnavailable(response)
      else answerJson(response, 500, { error: 'server_error' })
    }
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    { requestId }: HandleContext,
    { route, segment, path, query }: Matched,
  ): Promise<void> {
    const { endpoint } = route
    const waitSeconds =
      route.limit === null || isPlainDevicePage(route, request, query)
        ? null
        : parts.limit(route.limit, request)
    const body =
      request.method === 'POST' || request.method === 'PUT'
        ? await readBody(request, mostBodyBytes)
        : Buffer.alloc(0)
    if (body === null) {
      response.setHeader('Connection', 'close')
      return answerJson(response, 413, {
        error: 'invalid_request',
        error_description: 'the body is too large',
      })
    }
    const session = endpoint === 'authorize' || endpoint === 'resume' || endpoint === 'device'
    const signedIn = session ? await parts.findSignedIn(request) : null
    if (waitSeconds !== null) return answerLimited(response, waitSeconds, endpoint, parts.pages, requestId)
    if (endpoint === 'authorize' && query.length > longestRequest) {
      const message = `The request is longer than ${longestRequest} characters.`
      return answerPage(
        response,
        400,
        parts.pages,
        parts.pages.error({ code: 'invalid_request', message, requestId }),
      )
    }
    if (endpoint === 'register') return answerRegistration(request, response, segment, body)
    if (endpoint === 'userinfo') return answerWhoItIs(request, response)
    // Also where it is resumed: the library has no answer for somebody whose session has ended in the meantime.
    if (endpoint === 'device' && signedIn === null) {
      const next = encodeURIComponent(query === '' ? path : `${path}?${query}`)
      return redirect(response, `${options.issuer}/login?next=${next}`)
    }
    const isForm = (request.headers['content-type'] ?? '').toLowerCase().startsWith(forms)
    const form = sanitize(
      new URLSearchParams(isForm ? body.toString('utf8') : ''),
      options.publicUrl,
      parts.resources,
    )
    const asked = sanitize(new URLSearchParams(query), options.publicUrl, parts.resources)
    let presented: PresentedToken | null = null
    if (endpoint === 'introspect' || endpoint === 'revoke') {
      const [token, ...more] = form.getAll('token')
      if (token !== undefined && more.length === 0 && looksLikeJwt(token)) {
        presented = await presentToken(token, parts)
        form.set('token', presented.handle)
      }
    }
    const code = asked.get('user_code')
    // A link with the code in it shows the code at once, as if it had been typed: no script sends a form here.
    const typed = endpoint === 'device' && segment === null && request.method === 'GET' && code !== null
    if (typed && signedIn !== null) {
      form.set('xsrf', formSecretOf(signedIn.session.id, options.formKey))
      form.set('user_code', code)
    }
    const asForm = isForm || typed
    const made = libraryRequest(request, {
      method: typed ? 'POST' : (request.method ?? 'GET'),
      url: typed || asked.size === 0 ? path : `${path}?${asked.toString()}`,
      headers: {
        cookie: cookiesWith(request.headers.cookie, sessionCookie, signedIn?.session.id ?? null),
        ...(asForm ? { 'content-type': forms } : {}),
      },
      body: asForm ? Buffer.from(form.toString()) : body,
    })
    const state = newRequestState({ request, requestId, endpoint, signedIn, presented })
    await runRequest(state, () => parts.library().listener(made, response))
  }

  async function answerRegistration(
    request: IncomingMessage,
    response: ServerResponse,
    clientId: string | null,
    body: Buffer,
  ): Promise<void> {
    if (!options.registration.dynamic) {
      return answerJson(response, 404, {
        error: 'not_found',
        error_description: 'clients cannot register themselves here',
      })
    }
    const sent = objectFrom(body)
    const answered = await (clientId === null
      ? parts.registration.register(sent)
      : parts.registration.manage(request, clientId, sent))
    if (answered.refused !== undefined) parts.onRefused(request, answered.refused)
    if (answered.status === 401) response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"')
    answerJson(response, answered.status, answered.body)
  }

  async function answerWhoItIs(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const known = await answerUserinfo(request, parts)
    if ('claims' in known) return answerJson(response, 200, known.claims)
    const { status, error, refused } = known
    parts.onRefused(request, refused)
    response.setHeader('WWW-Authenticate', error === null ? 'Bearer' : `Bearer error="${error}"`)
    answerJson(response, status, { error: error ?? 'invalid_token' })
  }
}

interface Matched {
  readonly route: OauthRoute
  readonly segment: string | null
  /** Below publicUrl. */
  readonly path: string
  readonly query: string
}

/** The empty form for a code costs nobody an attempt. */
function isPlainDevicePage({ endpoint }: OauthRoute, { method }: IncomingMessage, query: string): boolean {
  return endpoint === 'device' && method === 'GET' && !new URLSearchParams(query).has('user_code')
}

function looksLikeJwt(token: string): boolean {
  return token.includes('.')
}

function split(url: string): readonly [string, string] {
  const at = url.indexOf('?')
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}
