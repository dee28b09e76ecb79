import { decodeProtectedHeader } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/lib/random.ts'
import { createSealedBox } from '../../src/lib/sealed-box.ts'
import { AccessTokenSigning } from '../../src/tokens/access-token-signing.ts'
import { createAccessTokenVerifier } from '../../src/tokens/verify-access-token.ts'
import { obtain, refresh, registerClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const day = 86_400_000

/** Another server on the same store. */
const replica = (rotateAfterMs = 90 * day) =>
  AccessTokenSigning.open(
    { rotateAfterMs, longestLifeMs: 3_600_000 },
    {
      store: scene.store.signingKeys,
      box: createSealedBox('only-for-tests-0123456789abcdef-0123456789', systemRandom),
      clock: scene.clock,
    },
  )
const kidsOf = (signing: AccessTokenSigning) => signing.published.map(({ kid }) => kid)

describe('auth 14: the keys of access tokens', () => {
  it('are other ones than those of assertions', async () => {
    scene = await startScene()
    expect(await scene.store.signingKeys.list('assertion')).toStrictEqual([])
    expect(await scene.store.signingKeys.list('access_token')).toHaveLength(1)
    expect(JSON.stringify(scene.signing.published)).not.toContain('"d"')
  })

  it('rotate with overlap: published before it signs, kept until what it signed has ended', async () => {
    scene = await startScene()
    await scene.addUser('a')
    const known = await registerClient(scene)
    const first = scene.signing.currentId
    const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
    expect(decodeProtectedHeader(tokens.access_token).kid).toBe(first)
    scene.clock.advance(29 * day)
    const kept = await refresh(scene, known, tokens.refresh_token)
    scene.clock.advance(29 * day)
    const still = await refresh(scene, known, String(kept.body['refresh_token']))
    scene.clock.advance(29 * day)
    const again = await refresh(scene, known, String(still.body['refresh_token']))
    await scene.signing.refresh()
    expect(kidsOf(scene.signing)).toStrictEqual([first])
    scene.clock.advance(4 * day)
    await scene.signing.refresh()
    const [next] = kidsOf(scene.signing)
    expect(kidsOf(scene.signing)).toStrictEqual([next, first])
    expect(scene.signing.currentId).toBe(first)
    const old = await refresh(scene, known, String(again.body['refresh_token']))
    expect(decodeProtectedHeader(String(old.body['access_token'])).kid).toBe(first)
    scene.clock.advance(600_000)
    expect(scene.signing.currentId).toBe(next)
    // Without a restart.
    const fresh = await refresh(scene, known, String(old.body['refresh_token']))
    expect(decodeProtectedHeader(String(fresh.body['access_token'])).kid).toBe(next)
    const verify = createAccessTokenVerifier(
      { publicUrl: scene.publicUrl, issuer: scene.issuer },
      { keys: scene.signing, clock: scene.clock, emit: () => {} },
    )
    expect(await verify(String(fresh.body['access_token']))).toMatchObject({ verified: { subject: 'usr_a' } })
    await scene.signing.refresh()
    expect(kidsOf(scene.signing)).toStrictEqual([next, first])
    scene.clock.advance(3_600_000 + 1_200_000)
    await scene.signing.refresh()
    expect(kidsOf(scene.signing)).toStrictEqual([next])
    expect(await scene.store.audit.list({ action: 'signing_key.rotated', limit: 9 })).toHaveLength(1)
  })

  it('replicas agree on them', async () => {
    scene = await startScene()
    const others = [await replica(), await replica()]
    expect(others.map(({ currentId }) => currentId)).toStrictEqual(Array(2).fill(scene.signing.currentId))
    scene.clock.advance(91 * day)
    await Promise.all([scene.signing, ...others].map((signing) => signing.refresh()))
    await Promise.all([scene.signing, ...others].map((signing) => signing.refresh()))
    const kids = [scene.signing, ...others].map((signing) => kidsOf(signing).join(' '))
    expect(new Set(kids).size).toBe(1)
    expect(kidsOf(scene.signing)).toHaveLength(2)
    scene.clock.advance(600_000)
    expect(new Set([scene.signing, ...others].map(({ currentId }) => currentId)).size).toBe(1)
    // A replica that was away while they changed.
    expect((await replica()).currentId).toBe(scene.signing.currentId)
  })
})
