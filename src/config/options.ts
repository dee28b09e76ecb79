import { networkProblem } from './address.ts'
import { logLevels } from './log-level.ts'
import { oauthOptions } from './oauth-options.ts'
import { choice, flag, integer, list, ratio, text } from './option.ts'
import type { OptionTable, Settings } from './option.ts'
import {
  collectorProblem,
  headerValueProblem,
  headersProblem,
  hostProblem,
  keyIdProblem,
  originProblem,
  previousKeyProblem,
  publicUrlProblem,
  secretProblem,
  storeProblem,
} from './problems.ts'
import { signInOptions } from './sign-in-options.ts'

/** Every option outside `upstreams`, in the order of the reference page. Keys are pinned. */
export const options = {
  publicUrl: text(
    'The URL people and clients use; the issuer of assertions.',
    null,
    'a URL',
    publicUrlProblem,
    { fallbackText: 'http://127.0.0.1:PORT' },
  ),
  'listen.host': text('Address to listen on.', '127.0.0.1', 'a host name or IP address', () => null, {
    flag: 'host',
  }),
  'listen.port': integer('Port to listen on; 0 takes a free one.', 8787, 0, 65_535, { flag: 'port' }),
  trustedProxies: list(
    'Networks whose X-Forwarded-For is believed.',
    'addresses or networks',
    networkProblem,
  ),
  allowedHosts: list(
    "Host names accepted besides publicUrl's.",
    'host names, with or without port',
    hostProblem,
  ),
  allowedOrigins: list('Origins of browser clients that may call.', 'origins', originProblem),
  store: text(
    'Where everything is kept.',
    'sqlite:./sallyport.db',
    'sqlite:FILE or postgres://…',
    storeProblem,
    { secret: true, fallbackText: 'sqlite:./sallyport.db' },
  ),
  'auth.adminToken': text(
    'With auth.adminOnMcp it reaches MCP endpoints. At least 32 characters.',
    null,
    'a secret',
    secretProblem,
    {
      secret: true,
    },
  ),
  'auth.adminOnMcp': flag(
    'Whether the admin token also reaches MCP endpoints, as the principal `admin`.',
    false,
  ),
  'auth.apiKeys.maxPerUser': integer('Active API keys one user may hold.', 10, 1, 10_000),
  'auth.apiKeys.defaultExpiryDays': integer(
    'Days until a new API key expires, unless said otherwise.',
    90,
    1,
    3650,
  ),
  'auth.apiKeys.rotationGraceHours': integer(
    'Hours a rotated key keeps working beside its successor.',
    24,
    0,
    720,
  ),
  ...signInOptions,
  ...oauthOptions,
  secretsKey: text(
    'Encrypts stored secrets. Made beside the store on first run when absent.',
    null,
    'a secret',
    secretProblem,
    { secret: true, fallbackText: 'made beside the store' },
  ),
  'telemetry.metrics.enabled': flag('Whether metrics are recorded and /metrics is served.', true),
  'telemetry.metrics.token': text('Bearer token that /metrics asks for.', null, 'a secret', secretProblem, {
    secret: true,
  }),
  'telemetry.metrics.refreshSeconds': integer(
    'Seconds between counts of stored state (gauges).',
    30,
    1,
    3600,
  ),
  'telemetry.metrics.endpoint': text(
    'Where the same numbers are sent by OTLP; without it they are not. A URL without a path gets /v1/metrics.',
    null,
    'a URL',
    collectorProblem,
  ),
  'telemetry.metrics.protocol': choice(
    'How that collector is spoken to.',
    ['http/protobuf', 'http/json', 'grpc'] as const,
    'http/protobuf',
  ),
  'telemetry.metrics.headers': text(
    'Fields sent each time, such as a credential of the collector.',
    null,
    'NAME=VALUE,NAME=VALUE',
    headersProblem,
    { secret: true },
  ),
  'telemetry.metrics.intervalSeconds': integer('Seconds between sending.', 60, 1, 3600),
  'telemetry.traces.endpoint': text(
    'Where spans are sent by OTLP; without it there are none. A URL without a path gets /v1/traces.',
    null,
    'a URL',
    collectorProblem,
  ),
  'telemetry.traces.protocol': choice(
    'How the collector is spoken to.',
    ['http/protobuf', 'http/json', 'grpc'] as const,
    'http/protobuf',
  ),
  'telemetry.traces.headers': text(
    'Fields sent with every batch, such as a credential of the collector.',
    null,
    'NAME=VALUE,NAME=VALUE',
    headersProblem,
    { secret: true },
  ),
  'telemetry.traces.sampleRatio': ratio(
    'Share of requests that get spans. Refused, failed and slow ones always do.',
    0.1,
  ),
  'telemetry.traces.slowSeconds': integer('Seconds from which a call counts as slow.', 5, 1, 86_400),
  'telemetry.traces.details': flag('Whether spans say which resource was read (`mcp.resource.uri`).', false),
  'telemetry.traces.arguments': flag(
    'Whether spans carry tool arguments and results, redacted as far as patterns can.',
    false,
  ),
  'telemetry.traces.clientAddress': flag("Whether spans carry the client's address.", false),
  'telemetry.attribution.mode': choice(
    'How a caller appears on spans and in analytics: not at all, as a pseudonym, or (spans only) by id.',
    ['off', 'hash', 'id'] as const,
    'off',
  ),
  'telemetry.attribution.key': text(
    'Makes pseudonyms. At least 32 characters, used for nothing else.',
    null,
    'a secret',
    secretProblem,
    { secret: true },
  ),
  'telemetry.attribution.keyId': text(
    'Name of that key: it stands beside each hash.',
    'k1',
    'a name',
    keyIdProblem,
  ),
  'telemetry.attribution.previousKeys': list(
    'Earlier keys, kept for `whois`, each as ID:SECRET.',
    'ID:SECRET',
    previousKeyProblem,
    { secret: true },
  ),
  'telemetry.analytics.endpoint': text(
    'Where product-analytics events are posted. Without it nothing is made and nothing leaves; nor with `DO_NOT_TRACK`.',
    null,
    'a URL',
    collectorProblem,
  ),
  'telemetry.analytics.format': choice(
    'How they are written: `{"events":[…]}`, or OTLP log records in JSON (a URL without a path gets /v1/logs).',
    ['json', 'otlp'] as const,
    'json',
  ),
  'telemetry.analytics.token': text(
    'Bearer token the receiver asks for.',
    null,
    'a header value',
    headerValueProblem,
    { secret: true },
  ),
  'telemetry.cloudHosts': list(
    'Hosts of publicUrl that make an installation `cloud` in analytics; any other is `self-hosted`.',
    'host names, with or without port',
    hostProblem,
  ),
  'telemetry.audit.calls': choice(
    'Which MCP calls the audit log gets.',
    ['all', 'refused', 'off'] as const,
    'all',
  ),
  'telemetry.audit.retentionDays': integer('Days an audit row is kept.', 90, 1, 36_500),
  'requests.maxBodyBytes': integer('Largest request body relayed, in bytes.', 4_194_304, 1024, 268_435_456),
  'requests.maxHeaderBytes': integer('Largest request head accepted, in bytes.', 16_384, 4096, 262_144),
  'requests.bodyTimeoutSeconds': integer('Seconds a client may take to send its request.', 30, 1, 3600),
  'requests.drainSeconds': integer(
    'Seconds running requests get to end after SIGTERM or SIGINT.',
    10,
    0,
    3600,
  ),
  'limits.enabled': flag('Whether rate limits hold.', true),
  'limits.requestsPerMinute': integer(
    'Requests one principal may send a minute; also the burst.',
    120_000,
    1,
    100_000_000,
  ),
  'limits.failuresPerMinute': integer(
    'Refused credentials one address may send a minute before further ones get 429. A valid one always passes.',
    60,
    1,
    1_000_000,
  ),
  'limits.loginsPerMinute': integer(
    'Failed sign-ins one address may make to one account in a minute.',
    5,
    1,
    100_000,
  ),
  'limits.loginsPerHour': integer(
    'Failed sign-ins all addresses together may make to one account in an hour; a valid sign-in always passes.',
    100,
    1,
    100_000,
  ),
  'limits.oauthPerMinute': integer(
    'Requests one address may send a minute to each endpoint of the authorization server; a fifth of it authorization requests, a thirtieth user codes.',
    600,
    1,
    1_000_000,
  ),
  'limits.registrationsPerHour': integer(
    'Clients one address may register, or name by a new metadata document, in an hour.',
    60,
    1,
    100_000,
  ),
  'limits.anonymousPerMinute': integer(
    'Anonymous requests one address may send a minute.',
    600,
    1,
    100_000_000,
  ),
  shared: choice('Where short-lived state is kept: rate limits.', ['memory'] as const, 'memory'),
  'sessions.idleMinutes': integer(
    'Minutes without a sign of life after which an MCP session ends.',
    60,
    1,
    43_200,
  ),
  'streams.keepAliveSeconds': integer(
    'Seconds of silence after which an event stream gets a comment.',
    15,
    1,
    3600,
  ),
  'log.level': choice('Least severe log line written.', logLevels, 'info'),
} satisfies OptionTable

export type OptionKey = keyof typeof options
export type GlobalSettings = Settings<typeof options>
