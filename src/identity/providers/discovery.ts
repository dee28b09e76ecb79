import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client'
import type { Configuration } from 'openid-client'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import { isGuarded, providerAway } from './provider-fetch.ts'
import type { Fetch } from './provider-fetch.ts'
import { failureIn } from './verdict.ts'

export interface DiscoveryOptions {
  readonly label: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: Secret
}

const hourMs = 3_600_000

/**
 * Asks a provider for its metadata (OpenID Connect Discovery 1.0), and remembers it and its keys for an hour. Callers at
 * the same time share one request; a failure is remembered for nobody. Rejects with a `Failure`.
 */
export function createDiscovery(
  options: DiscoveryOptions,
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: Clock },
): () => Promise<Configuration> {
  let kept: { readonly configuration: Promise<Configuration>; readonly until: number } | null = null
  return () => {
    const now = clock.monotonic()
    if (kept !== null && now < kept.until) return kept.configuration
    const fresh = { configuration: discover(options, fetch), until: now + hourMs }
    kept = fresh
    fresh.configuration.catch(() => {
      if (kept === fresh) kept = null
    })
    return fresh.configuration
  }
}

async function discover(options: DiscoveryOptions, fetch: Fetch): Promise<Configuration> {
  const { label, clientId, clientSecret } = options
  const issuer = new URL(options.issuer)
  // Which URLs may be plain http is for the fetch to say, which lets loopback ones through and no others.
  const insecure = issuer.protocol === 'http:' ? [allowInsecureRequests] : []
  const execute = [...insecure, enableNonRepudiationChecks]
  const secret = clientSecret.reveal()
  const configuration = await discovery(issuer, clientId, undefined, authenticate(secret), {
    [customFetch]: (url, init) => fetch(url, { ...init, body: init.body ?? null }),
    execute,
  }).catch((error: unknown) => {
    throw failureIn(error) ?? providerAway(label, 'has no usable discovery document', error)
  })
  const { issuer: named, authorization_endpoint: page } = configuration.serverMetadata()
  // The library lets a Microsoft tenant name a pattern for all tenants: here one directory is meant, and no other.
  if (new URL(named).href !== issuer.href)
    throw providerAway(label, 'has a discovery document of another issuer')
  if (page === undefined || !isGuarded(page)) throw providerAway(label, 'names no https sign-in page')
  return configuration
}

/** By form where the provider takes it, since encodings of the header differ; else by header, the default. */
function authenticate(secret: string): ReturnType<typeof ClientSecretPost> {
  const [post, basic] = [ClientSecretPost(secret), ClientSecretBasic(secret)]
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported
    const chosen = methods?.includes('client_secret_post') === true ? post : basic
    chosen(server, client, body, headers)
  }
}
