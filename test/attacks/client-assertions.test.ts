import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { onEachDatabase } from '../storage/databases.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { OauthCaller } from '../support/oauth-caller.ts'

const issuedAt = Math.floor(Date.now() / 1000)

onEachDatabase((databases) => {
  describe('auth 12: assertions of private_key_jwt', () => {
    let gateway: TestGateway
    let present: (claims: Readonly<Record<string, unknown>>) => Promise<readonly [number, unknown]>

    beforeEach(async () => {
      const store = await databases.newLocation()
      const upstreams = [{ name: 'code', url: 'http://127.0.0.1:9' }]
      gateway = await startGateway({ upstreams, store })
      const oauth = new OauthCaller(gateway.url)
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] }
      const client = await oauth.register({ token_endpoint_auth_method: 'private_key_jwt', jwks })
      present = async (claims) => {
        const plain = { iss: client.id, sub: client.id, aud: gateway.url, jti: randomUUID() }
        const assertion = await new SignJWT({ ...plain, iat: issuedAt, exp: issuedAt + 60, ...claims })
          .setProtectedHeader({ alg: 'ES256', kid: 'one' })
          .sign(privateKey)
        const { status, body } = await oauth.post('/oauth/device_authorization', {
          client_id: client.id,
          client_assertion: assertion,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        })
        return [status, body['error']]
      }
    })
    afterEach(() => gateway.close())

    it.each([issuedAt + 2 * 86_400, 1e11, 1e15, 1e308])(
      'that hold until %s are refused: each would have to be remembered as long (RFC 7523 section 3)',
      async (exp) => {
        expect(await present({ exp })).toEqual([401, 'invalid_client'])
      },
    )

    it('may end between two seconds', async () => {
      expect(await present({ exp: issuedAt + 60.123_456 })).toEqual([200, undefined])
    })

    it('are for us alone: one that is for another server too could have come from there', async () => {
      const evil = 'https://evil.example'
      expect(await present({ aud: [evil, gateway.url] })).toEqual([401, 'invalid_client'])
      expect(await present({ aud: [gateway.url, evil] })).toEqual([401, 'invalid_client'])
      const ours = [gateway.url, `${gateway.url}/oauth/token`]
      expect(await present({ aud: ours })).toEqual([200, undefined])
      for (const aud of ours) expect(await present({ aud })).toEqual([200, undefined])
    })
  })
})
