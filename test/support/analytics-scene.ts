import type { ProcessFacts } from '../../src/lib/process-facts.ts'
import { startEventReceiver } from './event-receiver.ts'
import type { EventReceiver } from './event-receiver.ts'
import { startGateway } from './gateway.ts'
import type { TestGateway } from './gateway.ts'
import { rawRequest, sendRaw } from './raw-http.ts'
import type { RawAnswer } from './raw-http.ts'
import { startScriptedUpstream } from './scripted-upstream.ts'
import type { ScriptedUpstream } from './scripted-upstream.ts'

type Options = Readonly<Record<string, unknown>>

/** A gateway that tells a receiver of events what a caller of one upstream does. */
export interface AnalyticsScene {
  readonly receiver: EventReceiver
  readonly upstream: ScriptedUpstream
  readonly gateway: TestGateway
  /** The key of somebody who may call. */
  readonly key: string
  /** Sends a request, answers it for the upstream, and answers what the client got. */
  exchange(request: string, answer: object): Promise<RawAnswer | null>
  close(): Promise<void>
}

const host: ProcessFacts = {
  environment: {},
  pid: 1,
  platform: 'linux',
  nodeVersion: '24.9.1',
  inCheckout: true,
  inContainer: false,
}

/** `telemetry` and `limits` are laid over the configuration; `search` is the one tool the operator lists. */
export async function openAnalyticsScene(
  telemetry: Options = {},
  limits: Options = { enabled: false },
): Promise<AnalyticsScene> {
  const [receiver, upstream] = await Promise.all([startEventReceiver(), startScriptedUpstream()])
  const gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url, identity: 'none', tools: ['search'] }],
    settings: { limits, telemetry: { analytics: { endpoint: receiver.url }, ...telemetry } },
    host,
  })
  const { key } = await gateway.createKey(await gateway.addUser('jane.doe@example.com'))
  return {
    receiver,
    upstream,
    gateway,
    key,
    async exchange(request, answer) {
      const sent = sendRaw(gateway.port, request)
      const taken = await upstream.next()
      taken.json({ jsonrpc: '2.0', id: 1, ...answer })
      return sent
    },
    async close() {
      await gateway.close()
      await receiver.close()
      await upstream.close()
    },
  }
}

type Fields = readonly (readonly [string, string])[]

/** A POST to the MCP endpoint; without a key, of somebody unknown. */
export function mcpPost(key: string | null, body: string, fields: Fields = []): string {
  const credential = key === null ? [] : [['Authorization', `Bearer ${key}`] as const]
  return rawRequest('POST', '/mcp', [...credential, ['Content-Type', 'application/json'], ...fields], body)
}

export function rpc(method: string, params: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}

export function toolCall(name: string): string {
  return rpc('tools/call', { name, arguments: { secret: 'jane.doe' } })
}
