import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import type { Resource } from '../../src/oauth/resources.ts'
import { authorizationUrl, obtain, registerClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const asA = { signsInAs: 'usr_a' }
const start = async (options: SceneOptions = {}) => {
  scene = await startScene(options)
  await scene.addUser('a')
  return registerClient(scene)
}

const resource = (base: string, path: string, more: Partial<Resource> = {}): Resource => ({
  resource: `${base}${path}`,
  upstreams: [path.split('/').at(-1) ?? ''],
  scopes: [],
  workspaces: [],
  isDefault: false,
  ...more,
})

describe('auth 11: the resource', () => {
  it('T16: is the audience in one form, however it was written', async () => {
    const known = await start()
    const { port } = scene.publicUrl
    for (const asked of [
      `${scene.issuer}/mcp/code`,
      `${scene.issuer}/mcp/code/`,
      `HTTP://127.0.0.1:${port}/mcp/code`,
      `http://LOCALHOST:${port}/mcp/code`,
      `http://[::1]:${port}/mcp/code`,
    ]) {
      const { tokens } = await obtain(scene, known, scene.browser(), { resource: asked }, asA)
      expect(decodeJwt(tokens.access_token).aud, asked).toBe(`${scene.issuer}/mcp/code`)
    }
  })

  it.each([
    'https://evil.example/mcp/code',
    'BASE/mcp/other',
    'BASE/mcp/CODE',
    'BASE/mcp/code?x=1',
    'BASE/mcp/code/more',
    'BASE/',
    'code',
    'BASE/mcp/code#x',
  ])('that is not served here is refused: %s', async (text) => {
    const known = await start()
    const { url } = await authorizationUrl(known, { resource: text.replace('BASE', scene.issuer) })
    const { away } = await scene.browser().walk(url, asA)
    expect(away?.searchParams.get('error')).toBe('invalid_target')
    expect(away?.searchParams.get('iss')).toBe(scene.issuer)
    expect(scene.refused).toStrictEqual(['unknown_resource'])
  })

  it('is one: two at a time are refused, the same one twice is one', async () => {
    const known = await start()
    const { url } = await authorizationUrl(known, { resource: `${scene.issuer}/mcp` })
    url.searchParams.append('resource', `${scene.issuer}/mcp/`)
    expect((await scene.browser().walk(url, asA)).away?.searchParams.get('code')).toBeTruthy()
    url.searchParams.append('resource', `${scene.issuer}/mcp/code`)
    expect((await scene.browser().walk(url, asA)).away?.searchParams.get('error')).toBe('invalid_target')
  })

  it('must be named where there is no default', async () => {
    const known = await start({
      resources: (base) => [resource(base, '/mcp/one'), resource(base, '/mcp/two')],
    })
    const { away } = await scene.browser().walk((await authorizationUrl(known)).url, asA)
    expect(away?.searchParams.get('error')).toBe('invalid_target')
    const { tokens } = await obtain(
      scene,
      known,
      scene.browser(),
      { resource: `${scene.issuer}/mcp/two` },
      asA,
    )
    expect(decodeJwt(tokens.access_token).aud).toBe(`${scene.issuer}/mcp/two`)
  })

  it('that needs no scope gets a token with none, and not access_denied', async () => {
    const known = await start({ resources: (base) => [resource(base, '/mcp', { isDefault: true })] })
    const { tokens, shown } = await obtain(scene, known, scene.browser(), {}, asA)
    expect(decodeJwt(tokens.access_token)['scope']).toBe('')
    expect(shown[0]?.scopes).toStrictEqual([])
  })

  it('has its own scopes: others that are asked for are left out', async () => {
    const known = await start()
    const scope = 'code:read notes:read admin *'
    const { tokens, shown } = await obtain(scene, known, scene.browser(), { scope }, asA)
    expect(tokens.scope).toBe('code:read')
    expect(shown[0]?.scopes).toStrictEqual(['code:read'])
    const none = await obtain(scene, known, scene.browser(), { scope: 'notes:read' }, asA)
    expect(decodeJwt(none.tokens.access_token)['scope']).toBe('')
  })
})
