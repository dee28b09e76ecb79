import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createClients } from '../../src/oauth/clients.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import type { DocumentServer } from '../support/document-server.ts'
import { freePort } from '../support/free-port.ts'
import { operator, startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { meet } from '../support/person.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { findSuite, runAuthorization } from './suite.ts'
import type { Finding } from './suite.ts'

const suite = findSuite()
if (suite === null)
  reportSkippedSuite('conformance of authorization servers', '@modelcontextprotocol/conformance is missing')
else if (!hasOpenssl) reportSkippedSuite('conformance of authorization servers', 'openssl is missing')

describe.skipIf(suite === null || !hasOpenssl)('auth 8, 12: the authorization server conforms', () => {
  let upstream: RecordingUpstream
  let documents: DocumentServer

  beforeAll(async () => {
    ;[upstream, documents] = await Promise.all([startRecordingUpstream(), startDocumentServer()])
  })
  afterAll(async () => {
    documents.close()
    await upstream.close()
  })

  const ways: readonly (readonly [string, string, (gateway: TestGateway, redirect: string) => Promise<string>])[] =
    [
      ['registered itself', '', registerItself],
      ['was registered by an administrator', '', registerByHand],
      ['is named by its metadata document', '', (_, redirect) => publish(documents, redirect)],
      ['registered itself, below a path', '/gate/way', registerItself],
    ]

  it.each(ways)('for a client that %s', async (way, path, makeClient) => {
    const port = await freePort()
    const listen = await freePort()
    const gateway = await startGateway({
      upstreams: [{ name: 'asked', url: upstream.url, scopes: ['read'] }],
      settings: { listen: { port: listen }, publicUrl: `http://127.0.0.1:${listen}${path}` },
      reach: documents.reach,
    })
    try {
      const ada = await meet(gateway, 'ada@example.com')
      const redirect = `http://127.0.0.1:${port}/callback`
      const clientId = await makeClient(gateway, redirect)
      const target = ['--url', gateway.url, '--client-id', clientId, '--resource', `${gateway.url}/mcp`]
      const findings = await runAuthorization(suite ?? '', [...target, '-p', String(port)], (url) => {
        // The suite waits for minutes for somebody who is not coming back.
        const failed = (error: unknown) => new URL(`${redirect}?error=${encodeURIComponent(String(error))}`)
        void ada
          .authorize(url)
          .catch(failed)
          .then((back) => fetch(back))
      })
      console.log(tableOf(way, findings))
      expect(Object.fromEntries(findings)).toEqual({
        'authorization-server-metadata-endpoint': { failed: [], warned: [], met: 2 },
        'authorization-code-grant': { failed: [], warned: [], met: 1 },
      })
    } finally {
      await gateway.close()
    }
  })
})

async function registerItself({ url }: TestGateway, redirect: string): Promise<string> {
  const response = await fetch(`${url}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirect], token_endpoint_auth_method: 'none' }),
  })
  return ((await response.json()) as { client_id: string }).client_id
}

async function registerByHand({ store }: TestGateway, redirect: string): Promise<string> {
  const parts = { store: store.clients, clock: systemClock, random: systemRandom, emit: () => {} }
  const registered = await createClients({ approvalRequired: false }, parts).register(
    {
      name: 'Conformance',
      redirectUris: [redirect],
      grantTypes: [],
      confidential: false,
      workspace: null,
      ownerId: null,
      origin: 'admin',
    },
    operator,
  )
  if (registered.outcome !== 'registered') throw new Error(registered.problem)
  return registered.client.id
}

async function publish(documents: DocumentServer, redirect: string): Promise<string> {
  const clientId = documents.url('/conformance.json')
  documents.serve('/conformance.json', {
    client_id: clientId,
    client_name: 'Conformance',
    redirect_uris: [redirect],
    token_endpoint_auth_method: 'none',
  })
  return clientId
}

/** What the suite found, for people. */
function tableOf(way: string, findings: ReadonlyMap<string, Finding>): string {
  const rows = Array.from(findings, ([name, { failed, warned, met }]) => {
    const unmet = [...failed, ...warned]
    return `${name.padEnd(48)}${met} met, ${unmet.length} unmet${unmet.map((text) => `\n    ${text}`).join('')}`
  })
  return [`authorization server, for a client that ${way}`, ...rows].join('\n')
}
