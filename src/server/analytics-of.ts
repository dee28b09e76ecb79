import type { Config } from '../config/load.ts'
import type { GlobalSettings } from '../config/options.ts'
import { acceptedKinds } from '../config/upstream-options.ts'
import type { TolerantSettings } from '../config/tolerant.ts'
import { createAnalytics } from '../telemetry/analytics.ts'
import type { Analytics } from '../telemetry/analytics.ts'
import { createAttribution } from '../telemetry/attribution.ts'
import type { Attribution } from '../telemetry/attribution.ts'
import { createDeliveryHttp } from '../telemetry/delivery-http.ts'
import { deliveryUrl } from '../telemetry/event-format.ts'
import {
  isOptedOut,
  launchFacts,
  nodeMajor,
  operatingSystem,
  releasedVersion,
} from '../telemetry/install-facts.ts'
import { newInstallId, readInstallId, readOrMakeInstallId } from '../telemetry/install-id.ts'
import type { InstallId } from '../telemetry/install-id.ts'
import { installationType } from '../telemetry/installation-type.ts'
import type { StartedFacts } from '../telemetry/lifecycle.ts'
import type { ConfiguredAuth, InstallationType, LifecycleSource, UriScheme } from '../telemetry/vocabulary.ts'
import { fileBeside } from './secrets-key.ts'
import type { Surroundings } from './surroundings.ts'

type AnalyticsSettings = NonNullable<TolerantSettings['analytics']>

/** Who a caller is outside the audit log, as `telemetry.attribution` says. */
export function attributionOf(settings: GlobalSettings): Attribution {
  const secret = settings['telemetry.attribution.key']
  const key = secret === null ? null : { id: settings['telemetry.attribution.keyId'], secret }
  return createAttribution(settings['telemetry.attribution.mode'], key)
}

/** The analytics of a configuration; null without an endpoint, or where tracking was refused: then nothing is built. */
export function analyticsOf(
  { settings, upstreams }: Config,
  source: LifecycleSource,
  surroundings: Surroundings,
): Analytics | null {
  const publicUrl = new URL(settings.publicUrl ?? `http://127.0.0.1`)
  const analytics = build(settings, surroundings, {
    source,
    type: installationType(publicUrl, settings['telemetry.cloudHosts']),
    installId: () => readOrMakeInstallId(installIdFile(settings.store), surroundings.random),
    attribution: attributionOf(settings),
  })
  analytics?.list(upstreams)
  return analytics
}

/** The same from what is left of a configuration that cannot be used. Nothing is written then. */
export function analyticsAfterRefusal(
  settings: TolerantSettings,
  source: LifecycleSource,
  surroundings: Surroundings,
): Analytics | null {
  if (settings.analytics === null) return null
  const { publicUrl, cloudHosts, store } = settings
  const url = publicUrl === undefined ? null : new URL(publicUrl ?? 'http://127.0.0.1')
  const known = () => (store === null ? null : readInstallId(installIdFile(store)))
  return build(settings.analytics, surroundings, {
    source,
    type: installationType(url, cloudHosts),
    installId: () => known() ?? newInstallId(surroundings.random),
    attribution: createAttribution('off', null),
  })
}

interface Installation {
  readonly source: LifecycleSource
  readonly type: InstallationType
  readonly installId: () => InstallId
  readonly attribution: Attribution
}

function build(
  settings: AnalyticsSettings,
  { host, clock, random, log, version: built }: Surroundings,
  { source, type, installId, attribution }: Installation,
): Analytics | null {
  const endpoint = settings['telemetry.analytics.endpoint']
  if (endpoint === null || host === undefined || isOptedOut(host.environment)) return null
  const format = settings['telemetry.analytics.format']
  const version = releasedVersion(built.version, host.inCheckout)
  const http = createDeliveryHttp({
    url: deliveryUrl(endpoint, format),
    token: settings['telemetry.analytics.token'],
    agent: `sallyport/${version}`,
  })
  const common = {
    version,
    transport: 'http',
    install_id: installId(),
    installation_type: type,
    ...launchFacts(source, host),
  } as const
  return createAnalytics({ format, common }, { http, attribution, clock, random, log })
}

function installIdFile(store: string): string {
  return fileBeside(store, 'install-id')
}

/** What `server_started` says of a configuration. */
export function startedFacts(
  { settings, upstreams }: Config,
  publicUrl: URL,
  { host }: Surroundings,
): StartedFacts {
  const accepted = acceptedAnywhere(upstreams)
  return {
    configured_auth: configuredAuth(accepted),
    oauth_configured: accepted.has('oauth'),
    resource_uri_scheme: uriScheme(publicUrl),
    host_guard: true,
    allowed_hosts_is_default: settings.allowedHosts.length === 0,
    upstream_count: upstreams.length,
    store: settings.store.startsWith('sqlite:') ? 'sqlite' : 'postgres',
    os: operatingSystem(host?.platform ?? ''),
    node_major: nodeMajor(host?.nodeVersion ?? ''),
  }
}

/** Whether some upstream takes access tokens. */
export function acceptsOAuth({ upstreams }: Config): boolean {
  return acceptedAnywhere(upstreams).has('oauth')
}

/** A forwarded key is a key too, whoever judges it. */
function acceptedAnywhere(upstreams: Config['upstreams']): ReadonlySet<string> {
  return new Set(
    upstreams.flatMap((entry): readonly string[] =>
      entry.identity === 'forward-key' ? ['api_key'] : acceptedKinds(entry),
    ),
  )
}

function configuredAuth(accepted: ReadonlySet<string>): ConfiguredAuth {
  if (accepted.size === 0) return 'none'
  if (accepted.size > 1) return 'mixed'
  return accepted.has('oauth') ? 'oauth' : 'api_key'
}

function uriScheme({ protocol }: URL): UriScheme {
  if (protocol === 'https:') return 'https'
  return protocol === 'http:' ? 'http' : 'none'
}
