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
}

export async function startUpstream(core: Core): Promise<Contestant> {
  const child = new Child('upstream.ts', [], { core })
  const { listening } = (await child.ask(null)) as ListeningNote
  return { name: 'direct', child, fields: callFields, urlOf: (kind) => `${listening}/${kind}` }
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
  const { name, checkout, store, core, directory, nodeFlags = [] } = options
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
  const upstreams = answerKinds.flatMap((kind) => ['--upstream', `${kind}=${upstream.urlOf(kind)}`])
  // The limiter is on; its budget is out of reach.
  const limits = ['--limits-requests-per-minute', '100000000']
  const args = [checkout, 'serve', '--port', '0', '--store', store, '--json', ...limits, ...upstreams]
  const child = new Child('gateway.ts', args, { core, directory, nodeFlags })
  const { listening } = (await child.firstObject()) as ListeningNote
  return {
    name,
    child,
    fields: [...callFields, 'Authorization', `Bearer ${key}`],
    urlOf: (kind) => `${listening}/mcp/${kind}`,
  }
}

/** The checkout this file belongs to. */
export const ownCheckout = join(import.meta.dirname, '..')

/** Processor time a contestant's process has used so far, in microseconds. */
export async function cpuOf({ child }: Contestant): Promise<number> {
  const { cpu } = (await child.ask('cpu')) as CpuAnswer
  return cpu
}
