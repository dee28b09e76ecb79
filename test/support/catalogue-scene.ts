import { request as open } from 'node:http'
import { startCatalogueUpstream } from './catalogue-upstream.ts'
import type { CatalogueUpstream, Wish } from './catalogue-upstream.ts'
import { startJwksIssuer } from './jwks-issuer.ts'
import type { JwksIssuer } from './jwks-issuer.ts'
import { startGateway } from './gateway.ts'
import type { TestGateway } from './gateway.ts'

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Leaves after so many milliseconds. */
  readonly leaveAfter?: number
}

interface Answered {
  readonly status: number
  readonly session: string | undefined
}

export const adminToken = 'admin-token-0123456789abcdef-0123456789'
export const metricsToken = 'scrape-token-0123456789abcdef-0123456789'

/** Sends one request and waits until its answer is over, or until it has left. */
export function send(port: number, path: string, sent: Sent = {}): Promise<Answered | null> {
  const { method = 'GET', headers = {}, body, leaveAfter } = sent
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const typed = text === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve) => {
    const request = open({ port, host: '127.0.0.1', path, method, headers: { ...typed, ...headers } })
    request.on('error', () => resolve(null))
    request.on('response', (response) => {
      const session = response.headers['mcp-session-id']
      const answered = {
        status: response.statusCode ?? 0,
        session: session === undefined ? undefined : String(session),
      }
      response.resume()
      response.on('error', () => resolve(answered))
      response.on('close', () => resolve(answered))
    })
    request.end(text)
    if (leaveAfter !== undefined) setTimeout(() => request.destroy(), leaveAfter)
  })
}

/** The product with an upstream of each kind, and callers of each kind. */
export interface CatalogueScene {
  readonly gateway: TestGateway
  readonly upstream: CatalogueUpstream
  readonly key: string
  /** Of others, and trusted. */
  readonly issuer: JwksIssuer
  /** Trusted too, and nobody listens where its keys are. */
  readonly silentIssuer: string
  close(): Promise<void>
}

export async function startCatalogueScene(
  settings: Readonly<Record<string, unknown>>,
): Promise<CatalogueScene> {
  const upstream = await startCatalogueUpstream()
  const { url } = upstream
  const issuer = await startJwksIssuer()
  const silentIssuer = 'http://127.0.0.1:9'
  const trusted = { audience: 'mcp', workspace: 'default' }
  const gateway = await startGateway({
    upstreams: [
      { name: 'code', url, default: true, timeoutSeconds: 1 },
      { name: 'open', url, auth: 'optional', identity: 'none' },
      { name: 'theirs', url, identity: 'forward-key', keyPrefix: 'ci_', workspaces: ['default'] },
      { name: 'scoped', url, scopes: ['code:read'] },
      { name: 'elsewhere', url, workspaces: ['other'] },
      { name: 'gone', url: 'http://127.0.0.1:9/mcp' },
    ],
    settings: {
      auth: {
        adminToken,
        adminOnMcp: true,
        issuers: [
          { ...trusted, issuer: issuer.issuer, jwksUri: issuer.jwksUri },
          { ...trusted, issuer: silentIssuer, jwksUri: `${silentIssuer}/keys` },
        ],
      },
      telemetry: {
        metrics: { token: metricsToken },
        attribution: { mode: 'hash', key: 'attribution-key-0123456789abcdef-0123456789' },
        analytics: { endpoint: 'http://127.0.0.1:9' },
        // Nobody listens there: spans are made all the same.
        traces: {
          endpoint: 'http://127.0.0.1:9',
          sampleRatio: 1,
          details: true,
          arguments: true,
          clientAddress: true,
        },
      },
      ...settings,
    },
  })
  const { key } = await gateway.createKey(await gateway.addUser('ann@example.com'))
  return {
    gateway,
    upstream,
    key,
    issuer,
    silentIssuer,
    async close() {
      await gateway.close()
      await issuer.close()
      await upstream.close()
    },
  }
}

export function caller(scene: CatalogueScene) {
  const { port } = scene.gateway
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const post = (path: string, token: string | null, body: unknown, more: Omit<Sent, 'body'> = {}) =>
    send(port, path, {
      method: 'POST',
      ...more,
      headers: { ...(token === null ? {} : bearer(token)), ...more.headers },
      body,
    })
  const message = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params })
  const wish = (what: Wish, more: object = {}) =>
    message('tools/call', { name: 'search', do: what, arguments: { word: 'x' }, ...more })
  return { port, bearer, post, message, wish }
}
