import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, seriesValue } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

const place = '/.well-known/oauth-protected-resource'
const app = 'https://app.example.com'
const external = { issuer: 'https://id.example.com', audience: 'mcp', jwksUri: 'https://id.example.com/keys' }

let upstream: RecordingUpstream
beforeAll(async () => {
  upstream = await startRecordingUpstream()
})
afterAll(() => upstream.close())

const start = (settings: Readonly<Record<string, unknown>>, isAlone = false) =>
  startGateway({
    upstreams: [
      { name: 'code', url: upstream.url, default: true, scopes: ['code:read'] },
      ...(isAlone
        ? []
        : [
            { name: 'wiki', url: upstream.url },
            { name: 'keys', url: upstream.url, accept: ['api_key'] },
            { name: 'theirs', url: upstream.url, identity: 'forward-key', keyPrefix: 'ci_' },
            { name: 'open', url: upstream.url, auth: 'optional', identity: 'none' },
          ]),
    ],
    settings,
  })

const get = async (gateway: TestGateway, path: string, asked: Asked = {}) => {
  const answer = await ask(gateway.port, { method: 'GET', path, ...asked })
  const document: unknown = answer.status === 200 && answer.body !== '' ? JSON.parse(answer.body) : null
  return { ...answer, document }
}
const host = (name: string) => ({ fields: [['Host', name] as const] })

describe('auth 1: metadata of a protected resource on a loopback publicUrl', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    const auth = { issuers: [{ ...external, workspace: 'default' }] }
    gateway = await start({ allowedOrigins: [app], auth })
  })
  afterAll(() => gateway.close())

  it('is at the path of the resource and at the root, with publicUrl and path exactly', async () => {
    const own = host(`127.0.0.1:${gateway.port}`)
    const servers = { authorization_servers: [gateway.url, external.issuer] }
    const common = { ...servers, bearer_methods_supported: ['header'] }
    const scoped = { ...common, scopes_supported: ['code:read'], resource_name: 'code' }
    expect((await get(gateway, `${place}/mcp/code`, own)).document).toStrictEqual({
      resource: `${gateway.url}/mcp/code`,
      ...scoped,
    })
    for (const path of [`${place}/mcp`, place])
      expect((await get(gateway, path, own)).document).toStrictEqual({
        resource: `${gateway.url}/mcp`,
        ...scoped,
      })
    expect((await get(gateway, `${place}/mcp/wiki`, own)).document).toStrictEqual({
      resource: `${gateway.url}/mcp/wiki`,
      ...common,
      resource_name: 'wiki',
    })
  })

  it('T16: `resource` mirrors the loopback name that was asked; the issuer stays as it is', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      const { document } = await get(gateway, `${place}/mcp/wiki`, host(`${name}:${gateway.port}`))
      expect(document).toMatchObject({
        resource: `http://${name.toLowerCase()}:${gateway.port}/mcp/wiki`,
        authorization_servers: [gateway.url, external.issuer],
      })
    }
  })

  it('is served to nobody who asks under another name (T13)', async () => {
    const answer = await get(gateway, place, host('evil.example'))
    expect([answer.status, reasonOf(answer)]).toEqual([421, 'host_rejected'])
  })

  it('is there for upstreams that accept OAuth alone', async () => {
    for (const name of ['keys', 'theirs', 'nobody', ''])
      expect([name, (await get(gateway, `${place}/mcp/${name}`)).status]).toEqual([name, 404])
    expect((await get(gateway, `${place}/mcp/open`)).status).toBe(200)
    for (const path of [`${place}/`, `${place}/mcp/code/`, `/mcp/code${place}`, `/mcp${place}`])
      expect([path, (await get(gateway, path)).status]).toEqual([path, 404])
  })

  it('may be kept for a minute, and answers GET and HEAD', async () => {
    const full = await get(gateway, place)
    expect(full.headers.get('content-type')).toBe('application/json')
    expect(full.headers.get('cache-control')).toBe('public, max-age=60')
    expect(full.headers.get('vary')).toBe('Origin')
    const { status, headers } = await ask(gateway.port, { method: 'POST', path: place })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('auth 6: a page of an allowed origin may read it, after a preflight too', async () => {
    const origin = ['Origin', app] as const
    const read = await get(gateway, `${place}/mcp/code`, { fields: [origin] })
    expect(read.headers.get('access-control-allow-origin')).toBe(app)
    const fields = [
      origin,
      ['Access-Control-Request-Method', 'GET'],
      ['Access-Control-Request-Headers', 'mcp-protocol-version'],
    ] as const
    const first = await ask(gateway.port, { method: 'OPTIONS', path: `${place}/mcp/code`, fields })
    expect(first.status).toBe(204)
    expect(first.headers.get('access-control-allow-headers')?.toLowerCase()).toContain('mcp-protocol-version')
    expect(first.headers.get('access-control-allow-methods')).toBe('GET, HEAD')
    const foreign = await get(gateway, place, { fields: [['Origin', 'https://evil.example']] })
    expect([foreign.status, reasonOf(foreign)]).toEqual([403, 'origin_rejected'])
  })

  it('auth 6: MCP endpoints list the fields of a browser client and expose what it must read', async () => {
    const fields = [
      ['Origin', app],
      ['Access-Control-Request-Method', 'POST'],
      ['Access-Control-Request-Headers', 'authorization,mcp-param-region'],
    ] as const
    const { headers } = await ask(gateway.port, { method: 'OPTIONS', path: '/mcp/code', fields })
    const allowed = (headers.get('access-control-allow-headers') ?? '').toLowerCase().split(', ')
    for (const name of [
      'authorization',
      'mcp-protocol-version',
      'mcp-method',
      'mcp-name',
      'mcp-session-id',
      'last-event-id',
      'mcp-param-region',
    ])
      expect(allowed).toContain(name)
    const refused = await ask(gateway.port, { path: '/mcp/code', fields: [['Origin', app]] })
    const exposed = refused.headers.get('access-control-expose-headers') ?? ''
    expect([refused.status, exposed]).toEqual([
      401,
      expect.stringContaining('WWW-Authenticate, Mcp-Session-Id'),
    ])
  })

  it('is counted by template', async () => {
    const series =
      'sallyport_http_requests_total{route="/.well-known/oauth-protected-resource/mcp/{upstream}",method="GET",status_class="2xx"}'
    const before = await seriesValue(gateway.port, series)
    await get(gateway, `${place}/mcp/wiki`)
    await expect.poll(() => seriesValue(gateway.port, series)).toBe(before + 1)
  })
})

describe('auth 1: without a default upstream', () => {
  it('the root form and that of /mcp are 404', async () => {
    const { url } = upstream
    const gateway = await startGateway({
      upstreams: [
        { name: 'code', url },
        { name: 'wiki', url },
      ],
    })
    expect((await get(gateway, place)).status).toBe(404)
    expect((await get(gateway, `${place}/mcp`)).status).toBe(404)
    expect((await get(gateway, `${place}/mcp/code`)).status).toBe(200)
    await gateway.close()
  })
})

describe('auth 1: a publicUrl with a path', () => {
  let gateway: TestGateway
  const publicUrl = 'https://MCP.example.com/tools/gate/'
  const base = 'https://mcp.example.com/tools/gate'
  const own = host('mcp.example.com')
  beforeAll(async () => {
    gateway = await start({ publicUrl })
  })
  afterAll(() => gateway.close())

  it('T16: has it before the path (RFC 9728 section 3.1) and below it', async () => {
    for (const path of [`${place}/tools/gate/mcp/wiki`, `/tools/gate${place}/mcp/wiki`])
      expect((await get(gateway, path, own)).document).toMatchObject({
        resource: `${base}/mcp/wiki`,
        authorization_servers: [base],
      })
    for (const path of [`${place}/tools/gate`, `/tools/gate${place}`, `${place}/tools/gate/mcp`])
      expect((await get(gateway, path, own)).document).toMatchObject({ resource: `${base}/mcp` })
    for (const path of [`${place}/mcp/wiki`, place, `${place}/tools/mcp`])
      expect([path, (await get(gateway, path, own)).status]).toEqual([path, 404])
  })

  it('a challenge names it absolutely, where every proxy passes it on', async () => {
    const challenge = async (path: string, asked: Asked = {}) =>
      (await ask(gateway.port, { path, ...own, ...asked })).headers.get('www-authenticate')
    expect(await challenge('/tools/gate/mcp/wiki')).toBe(
      `Bearer resource_metadata="${base}${place}/mcp/wiki"`,
    )
    expect(await challenge('/tools/gate/mcp')).toBe(
      `Bearer resource_metadata="${base}${place}/mcp", scope="code:read"`,
    )
    // Asked for by its own address, as a probe does: the URL that people use does not change.
    expect(await challenge('/tools/gate/mcp/wiki', host('127.0.0.1'))).toContain(`"${base}${place}`)
  })
})

describe('auth 2: challenges', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await start({ limits: { enabled: false } })
  })
  afterAll(() => gateway.close())
  const challenge = async (path: string, authorization: string | null) => {
    const fields = authorization === null ? [] : [['Authorization', authorization] as const]
    const { status, headers } = await ask(gateway.port, { path, fields })
    return [status, headers.get('www-authenticate')]
  }
  const hint = (path: string) => `resource_metadata="http://localhost:${gateway.port}${place}${path}"`

  it('without a credential: where to sign in and for what, and no error', async () => {
    expect(await challenge('/mcp', null)).toEqual([401, `Bearer ${hint('/mcp')}, scope="code:read"`])
    expect(await challenge('/mcp/wiki', null)).toEqual([401, `Bearer ${hint('/mcp/wiki')}`])
  })

  it('with one that is refused: `invalid_token` besides', async () => {
    for (const authorization of ['Bearer x.y.z', 'Bearer x', 'Bearer', 'Basic eA==', 'Bearer no=good=']) {
      const [status, text] = await challenge('/mcp/code', authorization)
      expect([authorization, status]).toEqual([authorization, 401])
      expect(text).toMatch(/^Bearer error="invalid_token", error_description="[^"\\]+", resource_metadata="/)
      expect(text).toContain(`${hint('/mcp/code')}, scope="code:read"`)
    }
    expect((await challenge('/mcp/open', 'Bearer x'))[1]).toContain(hint('/mcp/open'))
  })

  it('a bad API key is named as such, and its holder is not sent into a browser', async () => {
    const [status, text] = await challenge('/mcp/code', 'Bearer sp_notakey')
    expect([status, text]).toEqual([
      401,
      'Bearer error="invalid_token", error_description="The API key is not known here."',
    ])
  })

  it('a good API key without a scope is told which, and no more', async () => {
    const { key } = await gateway.createKey(await gateway.addUser('ann@example.com'))
    expect(await challenge('/mcp/code', `Bearer ${key}`)).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="code:read"',
    ])
  })

  it('where OAuth is off nothing hints at it', async () => {
    for (const path of ['/mcp/keys', '/mcp/theirs']) {
      expect(await challenge(path, null)).toEqual([401, 'Bearer'])
      expect((await challenge(path, 'Bearer x.y.z'))[1] ?? '').not.toContain('resource_metadata')
    }
  })

  it('names a document that says the same of the resource', async () => {
    const [, text] = await challenge('/mcp/wiki', null)
    const [, url = ''] = /resource_metadata="([^"]+)"/.exec(String(text)) ?? []
    const { pathname, host: name } = new URL(url)
    const { document } = await get(gateway, pathname, host(name))
    expect(document).toMatchObject({ resource: `http://localhost:${gateway.port}/mcp/wiki` })
  })
})
