import { seriesValue } from '../support/asking.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { OauthCaller } from '../support/oauth-caller.ts'
import type { OauthAnswer, RegisteredClient } from '../support/oauth-caller.ts'
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

/** The product with two servers behind it, a person, and a caller that can do everything wrong. */
export interface AttackScene {
  readonly upstream: RecordingUpstream
  readonly gateway: TestGateway
  readonly oauth: OauthCaller
  readonly ada: Person & { readonly userId: string }
  /** How often a reason was counted while something ran. */
  countedOf(reason: string, surface: 'mcp' | 'oauth', attack: () => Promise<void>): Promise<number>
  /** A code of the person's for a client, and what redeems it. */
  codeFor(
    client: Pick<RegisteredClient, 'id'>,
    more?: Readonly<Record<string, string | null>>,
  ): Promise<{ readonly code: string; readonly verifier: string }>
  close(): Promise<void>
}

export const settings = { limits: { enabled: false } }

export async function startAttackScene(): Promise<AttackScene> {
  const upstream = await startRecordingUpstream()
  const gateway = await startGateway({
    upstreams: [
      { name: 'code', url: upstream.url, default: true, scopes: ['code:read'] },
      { name: 'other', url: upstream.url },
    ],
    settings,
  })
  upstream.trust(gateway.url)
  const oauth = new OauthCaller(gateway.url)
  const ada = await meet(gateway, 'ada@example.com')
  return {
    upstream,
    gateway,
    oauth,
    ada,
    async countedOf(reason, surface, attack) {
      const series = `sallyport_auth_rejected_total{reason="${reason}",surface="${surface}"}`
      const before = await seriesValue(gateway.port, series)
      await attack()
      return (await seriesValue(gateway.port, series)) - before
    },
    async codeFor(client, more = {}) {
      const begun = oauth.begin(client.id, more)
      const back = await ada.authorize(begun.url)
      return { code: back.searchParams.get('code') ?? '', verifier: begun.verifier }
    },
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

export const errorOf = ({ status, body }: OauthAnswer) => [status, body['error']]
