import { decodeJwt } from 'jose'
import { expect, it } from 'vitest'
import { onPostgres } from '../storage/databases.ts'
import { authorizationUrl, obtain, post, refresh, registerClient } from './client.ts'
import { startScene } from './scene.ts'

/** The races, where uses really run beside each other: each connection is another process to the database. */
onPostgres((databases) => {
  it('auth 12, 13: one success of two redemptions; fifty refreshes at once are one family', async () => {
    const store = await databases.newStore()
    const scene = await startScene({ store })
    await scene.addUser('a')
    const known = await registerClient(scene)
    const asA = { signsInAs: 'usr_a' }
    for (let round = 0; round < 10; round += 1) {
      const { url, verifier } = await authorizationUrl(known)
      const { away } = await scene.browser().walk(url, asA)
      const redeem = () =>
        post(scene, '/oauth/token', {
          grant_type: 'authorization_code',
          client_id: known.client.client_id,
          code: away?.searchParams.get('code') ?? '',
          code_verifier: verifier,
          redirect_uri: known.redirectUri,
        })
      const answers = await Promise.all([redeem(), redeem()])
      expect(answers.map(({ status }) => status).toSorted()).toStrictEqual([200, 400])
    }
    // A redemption that came when the first one's tokens were out has ended those.
    const before = scene.count('token_revoked')
    const { tokens } = await obtain(scene, known, scene.browser(), {}, asA)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refresh(scene, known, tokens.refresh_token)),
    )
    expect(answers.map(({ status }) => status)).toStrictEqual(Array(50).fill(200))
    const ids = answers.map(({ body }) => decodeJwt(String(body['access_token'])).jti ?? '')
    const find = async (id: string) => store.accessTokens.findForCall(id)
    const found = await Promise.all(ids.map(find))
    expect(found.every((token) => token?.revokedAt === null)).toBe(true)
    expect(new Set(found.map((token) => token?.familyId)).size).toBe(1)
    // The replay, also fifty at once: the family ends once.
    await refresh(scene, known, String(answers[0]?.body['refresh_token']))
    scene.clock.advance(31_000)
    const replays = await Promise.all(
      Array.from({ length: 50 }, () => refresh(scene, known, tokens.refresh_token)),
    )
    expect(replays.map(({ body }) => body['error'])).toStrictEqual(Array(50).fill('invalid_grant'))
    expect(scene.count('token_revoked')).toBe(before + 1)
    await scene.close()
  })
})
