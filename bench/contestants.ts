import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from './child.ts'
import type { Core } from './child.ts'
import { answerKinds, callFields } from './exchange.ts'
import type { AnswerKind } from './exchange.ts'
import type { CpuAnswer, ListeningNote } from './messages.ts'

/** One way from the load generator to the upstream. */
export interface Contestant {
  readonly name: string
  readonly child: Child
  readonly fields: readonly string[]
  /** Fields that differ by the upstream's way of answering; else `fields`. */
  fieldsOf?(kind: AnswerKind): readonly string[]
  urlOf(kind: AnswerKind): string
}

/** The core of relay and gateway, and that of everything else. */
export interface Placement {
  readonly measured: Core
  readonly rest: Core
}

export interface GatewayOptions {
  readonly name: string
  /** The checkout whose sources run. */
  readonly checkout: string
  /** A store location. */
  readonly store: string
  readonly core: Core
  /** An empty folder: its working directory. */
  readonly directory: string
  readonly nodeFlags?: readonly string[]
  readonly telemetry?: TelemetryMode
  /** Where events and spans go when telemetry is `all`. */
  readonly receiver: string | null
}

export async function startUpstream(core: Core): Promise<Contestant> {
  const child = new Child('upstream.ts', [], { core })
  const { listening } = (await child.ask(null)) as ListeningNote
  return { name: 'direct', child, fields: callFields, urlOf: (kind) => `${listening}/${kind}` }
}

/** The receivers of `--receivers`; answers where they listen. */
export async function startReceiver(core: Core): Promise<{ child: Child; listening: string }> {
  const child = new Child('receiver.ts', [], { core })
  const { listening } = (await child.ask(null)) as ListeningNote
  return { child, listening }
}

export async function startRelay(
  upstream: Contestant,
  core: Core,
  nodeFlags: readonly string[] = [],
): Promise<Contestant> {
  const child = new Child('relay.ts', [new URL(upstream.urlOf('json')).origin], { core, nodeFlags })
  const { listening } = (await child.ask(null)) as ListeningNote
  return { name: 'relay', child, fields: callFields, urlOf: (kind) => `${listening}/mcp/${kind}` }
}

/** `sallyport serve` with a user and a key made by its own command line; all else as it is by default. */
export async function startGateway(upstream: Contestant, options: GatewayOptions): Promise<Contestant> {
  const { name, checkout, store, core, directory, nodeFlags = [], telemetry = 'default' } = options
  const cli = async (...args: string[]) => {
    const child = new Child('gateway.ts', [checkout, ...args, '--store', store, '--json'], {
      core: null,
      directory,
    })
    return JSON.parse(await child.output()) as { key?: string }
  }
  const user = `${name}@example.com`
  await cli('users', 'add', user)
  const { key = '' } = await cli('keys', 'create', '--user', user)
  const upstreams = answerKinds.flatMap((kind) => {
    const url = upstream.urlOf(kind)
    return [
      { name: kind, url },
      { name: `${kind}-own`, url, identity: 'forward-key', keyPrefix: 'own_' },
    ]
  })
  // The limiter is on; its budget is out of reach.
  const config = {
    limits: { requestsPerMinute: 100_000_000 },
    upstreams,
    telemetry: telemetryOf(telemetry, options.receiver),
  }
  await writeFile(join(directory, 'sallyport.yaml'), JSON.stringify(config))
  const args = [checkout, 'serve', '--port', '0', '--store', store, '--json']
  const child = new Child('gateway.ts', args, { core, directory, nodeFlags })
  const { listening } = (await child.firstObject()) as ListeningNote
  return {
    name,
    child,
    fields: [...callFields, 'Authorization', `Bearer ${key}`],
    urlOf: (kind) => `${listening}/mcp/${kind}`,
  }
}

/** What a gateway says of itself: as it is by default, everything there is, or nothing. */
export type TelemetryMode = 'default' | 'all' | 'none'

function telemetryOf(mode: TelemetryMode, sink: string | null): object {
  if (mode === 'default') return {}
  if (mode === 'none') return { metrics: { enabled: false }, audit: { calls: 'off' } }
  if (sink === null) throw new TypeError('all of telemetry needs a receiver')
  return {
    attribution: { mode: 'hash', key: 'a key of the benchmark, used for nothing else'.replaceAll(' ', '-') },
    traces: { endpoint: `${sink}/v1/traces`, sampleRatio: 0.1 },
    analytics: { endpoint: `${sink}/events` },
    audit: { calls: 'all' },
  }
}

/** The same gateway, called with a key that is the upstream's own. */
export function withForwardedKey(gateway: Contestant): Contestant {
  const fields = [...callFields, 'Authorization', `Bearer own_${'k'.repeat(40)}`]
  return { ...gateway, name: 'forward-key', fields, urlOf: (kind) => `${gateway.urlOf(kind)}-own` }
}

/** The same gateway, called by a legacy client inside its MCP session. */
export async function withSession(gateway: Contestant): Promise<Contestant> {
  const authorization = gateway.fields.at(-1) ?? ''
  const plain = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream']
  const sessions = new Map<AnswerKind, string>()
  for (const kind of answerKinds) {
    const headers = { 'content-type': 'application/json', authorization }
    const body = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}'
    const answer = await fetch(gateway.urlOf(kind), { method: 'POST', headers, body })
    sessions.set(kind, answer.headers.get('mcp-session-id') ?? '')
    await answer.text()
  }
  const fieldsOf = (kind: AnswerKind) => [
    ...plain,
    'Authorization',
    authorization,
    'Mcp-Session-Id',
    sessions.get(kind) ?? '',
  ]
  return { ...gateway, name: 'session', fields: fieldsOf('json'), fieldsOf }
}

/** The checkout this file belongs to. */
export const ownCheckout = join(import.meta.dirname, '..')

/** Processor time a contestant's process has used so far, in microseconds. */
export async function cpuOf({ child }: Contestant): Promise<number> {
  const { cpu } = (await child.ask('cpu')) as CpuAnswer
  return cpu
}
