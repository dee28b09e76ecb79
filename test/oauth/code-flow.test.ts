import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { discover, obtain, registerClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

let scene: Scene
afterEach(() => { if (process.env['SHOW']) console.log(scene.logged.join('')); return scene.close() })
const start = async (options: SceneOptions = {}) => {
  scene = await startScene(options)
  await scene.addUser('a')
  return scene
}

describe('the code flow', () => {
  it('signs a person in, asks for consent and issues a token of RFC 9068', async () => {
    await start()
    const client = await registerClient(scene)
    const browser = scene.browser()
    const { tokens, shown, signIns } = await obtain(scene, client, browser, {}, { signsInAs: 'usr_a' })
    expect(signIns).toBe(1)
    expect(shown).toHaveLength(1)
    expect(decodeProtectedHeader(tokens.access_token)).toStrictEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: scene.signing.currentId,
    })
    const claims = decodeJwt(tokens.access_token)
    expect(claims).toMatchObject({ iss: scene.issuer, sub: 'usr_a', aud: `${scene.issuer}/mcp` })
    expect(claims).toMatchObject({ client_id: client.client.client_id, scope: 'code:read code:write' })
    expect(claims).toMatchObject({ workspace: 'default', grant_id: expect.stringMatching(/^con_/) })
    expect(tokens.refresh_token).toMatch(/^[\w-]{43}$/)
    expect(await discover(scene)).toBeDefined()
  })
})
