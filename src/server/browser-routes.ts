import type { GlobalSettings } from '../config/options.ts'
import type { Received } from '../gateway/received.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import type { LinkedAccountStore } from '../identity/linked-account-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { Limiter } from '../limits/limiter.ts'
import { metadataMethods, metadataPaths, oauthRoutes } from '../oauth/endpoints.ts'
import { createFrontDoor } from '../pages/front-door.ts'
import { isFromOurPage } from '../pages/own-origin.ts'
import { createPages } from '../pages/pages.ts'
import { createSite } from '../pages/site.ts'
import type { Log } from '../telemetry/log.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { httpMethods } from '../telemetry/vocabulary.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Arrivals } from './arrivals.ts'
import type { Authorizing } from './authorization-server-of.ts'
import type { Route } from './route-table.ts'
import type { SigningIn } from './sign-in-of.ts'

/** What pages and authorization server need, beside what a reload may change. */
export interface BrowserParts {
  readonly publicUrl: URL
  readonly formKey: Uint8Array
  readonly signingIn: SigningIn
  readonly authorizing: Authorizing
  readonly arrivals: Arrivals
  readonly apiKeys: ApiKeyStore
  readonly linkedAccounts: LinkedAccountStore
  readonly box: SealedBox
  readonly limiter: Limiter
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Log
  readonly names: NameRegistry
  readonly emit: Emit
}

/** Uses of the account pages by one person in a minute. */
const accountPerMinute = 120

/** The pages, and the authorization server where some upstream accepts its tokens: whole paths with their routes. */
export function browserRoutes(
  settings: GlobalSettings,
  upstreams: readonly Upstream[],
  parts: BrowserParts,
): ReadonlyMap<string, Route> {
  const { publicUrl, names, arrivals } = parts
  const base = publicUrl.pathname.replace(/\/$/, '')
  const routes = new Map<string, Route>()
  for (const { path, template, methods, answer } of pagesOf(settings, upstreams, parts)) {
    const isVariable = path.endsWith('}')
    routes.set(base + path.replace(/\{\w+\}$/, '{}'), {
      template: names.register('route', template),
      surface: 'pages',
      methods,
      ...(isVariable ? { isVariable } : {}),
      async answer(received) {
        arrivals.note(received)
        return answer(received)
      },
    })
  }
  const site = createSite(publicUrl)
  const door: Route = {
    template: names.register('route', '/'),
    // To a program it is as it is to anybody where there is nothing.
    surface: 'other',
    methods: httpMethods.filter((method) => method !== 'other'),
    answer: createFrontDoor(site),
  }
  for (const path of new Set([base, `${base}/`])) if (path !== '') routes.set(path, door)
  if (!upstreams.some(({ accept }) => accept.includes('oauth'))) return routes
  const answerTo = async (received: Received, hasCors: boolean): Promise<null> => {
    arrivals.note(received)
    const { request, response, requestId, cors } = received
    const fields = ['X-Request-Id', requestId, ...(hasCors ? cors : [])]
    await parts.authorizing.server.handle(request, response, { requestId, fields })
    return null
  }
  // The page of the code is ours, though the library answers it: `allowedOrigins` are for MCP and not for its form.
  const answerDevice: Route['answer'] = async (received) =>
    received.head.method === 'POST' && !isFromOurPage(received, site)
      ? { refused: 'csrf_failed', detail: 'sent from another site' }
      : answerTo(received, false)
  for (const { path, template, methods, endpoint, cors } of oauthRoutes) {
    const isVariable = path.endsWith('/{}')
    const route = {
      template: names.register('route', template),
      // People see these pages; programs see the other endpoints.
      surface: path.startsWith('/device') ? 'pages' : 'oauth',
      methods,
      answer: endpoint === 'device' ? answerDevice : (received: Received) => answerTo(received, cors),
    } as const
    routes.set(base + path, isVariable ? { ...route, isVariable } : route)
  }
  for (const path of metadataPaths(base)) {
    const template = names.register('route', path.replace(/^.*(\/\.well-known\/[a-z-]+).*$/, '$1'))
    const answer: Route['answer'] = (received) => answerTo(received, true)
    routes.set(path, { template, surface: 'well_known', methods: metadataMethods, answer })
  }
  return routes
}

function pagesOf(settings: GlobalSettings, upstreams: readonly Upstream[], parts: BrowserParts) {
  const { publicUrl, formKey, signingIn, authorizing, limiter } = parts
  const { providers } = signingIn
  return createPages(
    {
      publicUrl,
      formKey,
      takesPasswords: providers.password.length > 0,
      keys: {
        maxPerUser: settings['auth.apiKeys.maxPerUser'],
        defaultExpiryDays: settings['auth.apiKeys.defaultExpiryDays'],
        graceHours: settings['auth.apiKeys.rotationGraceHours'],
      },
      upstreams,
    },
    {
      ...parts,
      loginSessions: signingIn.sessions,
      signIn: signingIn.signIn,
      ownPassword: signingIn.ownPassword,
      redirects: signingIn.redirects,
      redirectProviders: providers.redirect,
      interactions: authorizing.server.interactions,
      consents: authorizing.consents,
      limits: settings['limits.enabled']
        ? { limiter, account: { name: 'account', quota: accountPerMinute, windowSeconds: 60 } }
        : null,
    },
  )
}
