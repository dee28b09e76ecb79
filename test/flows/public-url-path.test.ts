import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

const token = 'a-metrics-token-of-32-characters'

// How an operator may write it: with and without a slash at the end, and in whatever letter case the host is.
describe.each(['https://mcp.example.com/tools/gate', 'https://MCP.example.com/tools/gate/'])(
  '%s',
  (publicUrl) => {
    const base = '/tools/gate'
    let upstream: RecordingUpstream
    let gateway: TestGateway
    let key: string
    beforeAll(async () => {
      upstream = await startRecordingUpstream({ assertion: false })
      gateway = await startGateway({
        settings: { publicUrl, telemetry: { metrics: { token } } },
        upstreams: [
          { name: 'code', url: upstream.url, default: true },
          { name: 'wiki', url: upstream.url },
        ],
      })
      key = (await gateway.createKey(await gateway.addUser('a@example.com'))).key
    })
    afterAll(async () => {
      await gateway.close()
      await upstream.close()
    })
    /** As the proxy in front passes it on: its own TLS taken off, the Host as the client wrote it. */
    const visit = (path: string, more: Asked = {}) =>
      ask(gateway.port, { path, ...more, fields: [['Host', 'mcp.example.com'], ...(more.fields ?? [])] })
    const status = async (path: string, more: Asked = {}) => (await visit(path, more)).status

    it('MCP endpoints are below the path, and nowhere else', async () => {
      for (const path of [`${base}/mcp`, `${base}/mcp/code`, `${base}/mcp/wiki`])
        expect([path, await status(path, { key })]).toEqual([path, 200])
      for (const path of [
        '/mcp',
        '/mcp/code',
        '/tools/mcp',
        `${base}mcp`,
        `${base}/mcp/`,
        `${base}//mcp`,
        `${base}/x/mcp`,
      ])
        expect([path, await status(path, { key })]).toEqual([path, 404])
    })

    it('what is unknown below it is told apart as it is at the root', async () => {
      const reason = async (path: string) => {
        const answer = await visit(path, { key })
        const { error } = JSON.parse(answer.body) as { error: { code: unknown } }
        return reasonOf(answer) ?? error.code
      }
      expect(await reason(`${base}/mcp/nobody`)).toBe('upstream_unknown')
      expect(await reason(`${base}/sse`)).toBe('transport_unsupported')
      expect(await reason(`${base}/mcp/code/messages`)).toBe('transport_unsupported')
      expect(await reason(`${base}/other`)).toBe('not_found')
      expect(await reason(`${base}way/mcp`)).toBe('not_found')
    })

    it('a browser is led to the account from the path itself, with a slash and without', async () => {
      const browsing = { method: 'GET', fields: [['Accept', 'text/html']] } as const
      for (const path of [base, `${base}/`]) {
        const { status: code, headers } = await visit(path, browsing)
        expect([path, code, headers.get('location')]).toEqual([path, 303, `${base}/account`])
        expect([path, await status(path)]).toEqual([path, 404])
      }
      for (const path of ['/', '/tools', '/tools/'])
        expect([path, await status(path, browsing)]).toEqual([path, 404])
    })

    it('probes, scrapers and upstreams find what is theirs at the root too', async () => {
      const own = { method: 'GET', fields: [['Host', `127.0.0.1`] as const] }
      for (const path of ['/healthz', '/health', '/readyz', '/.well-known/jwks.json', '/metrics']) {
        const asked = path === '/metrics' ? { ...own, key: token } : own
        expect([path, (await ask(gateway.port, { path, ...asked })).status]).toEqual([path, 200])
        expect([path, await status(`${base}${path}`, { ...asked, fields: [] })]).toEqual([path, 200])
      }
    })

    it('T16: assertions name it as their issuer exactly, and the keys below it verify them', async () => {
      const before = upstream.calls.length
      await visit(`${base}/mcp`, { key })
      const assertion = upstream.calls[before]?.headers.authorization?.slice('Bearer '.length) ?? ''
      const { body } = await visit(`${base}/.well-known/jwks.json`, { method: 'GET' })
      const keys = createLocalJWKSet(JSON.parse(body) as JSONWebKeySet)
      const issuer = 'https://mcp.example.com/tools/gate'
      const { payload } = await jwtVerify(assertion, keys, { issuer, audience: upstream.url })
      expect(payload.iss).toBe(issuer)
      expect(gateway.url).toBe(issuer)
    })

    it('a page of its own origin may call, one of another path has no say, another host is 421', async () => {
      expect(await status(`${base}/mcp`, { key, fields: [['Origin', 'https://mcp.example.com']] })).toBe(200)
      const fields = [['Origin', 'https://mcp.example.com/tools/gate']] as const
      expect(await status(`${base}/mcp`, { key, fields })).toBe(403)
      const foreign = await ask(gateway.port, { path: `${base}/mcp`, key, fields: [['Host', 'example.com']] })
      expect(foreign.status).toBe(421)
    })

    it('routes are counted by template, without the path', async () => {
      const { body } = await ask(gateway.port, { method: 'GET', path: '/metrics', key: token })
      expect(body).toContain('route="/mcp/{upstream}"')
      expect(body).not.toContain('gate')
    })
  },
)
