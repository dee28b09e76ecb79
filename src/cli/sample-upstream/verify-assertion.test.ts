import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertionType } from '../../tokens/assertion.ts'
import { createVerifier } from './verify-assertion.ts'

const audience = 'http://127.0.0.1:3000/mcp'
const now = 1_800_000_000
const clock = { now: () => now * 1000, monotonic: () => 0 }
const keySet = createServer()
let issuer: string
let key: CryptoKey
let foreignKey: CryptoKey

beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  key = pair.privateKey
  foreignKey = (await generateKeyPair('ES256')).privateKey
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' }]
  keySet.on('request', (request, response) => {
    response.statusCode = request.url === '/.well-known/jwks.json' ? 200 : 404
    response.end(JSON.stringify({ keys }))
  })
  await new Promise<void>((resolve) => keySet.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(keySet.address() as AddressInfo).port}`
})

afterAll(() => {
  keySet.closeAllConnections()
  keySet.close()
})

interface Forged {
  readonly typ?: string
  readonly iss?: string
  readonly aud?: string
  readonly exp?: number | null
  readonly signedBy?: CryptoKey
}

function token({
  typ = assertionType,
  iss = issuer,
  aud = audience,
  exp = now + 300,
  signedBy = key,
}: Forged) {
  const claims = { iss, aud, sub: 'usr_a', workspace: 'w', scope: 'a b', ...(exp === null ? {} : { exp }) }
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, kid: 'k' }).sign(signedBy)
}

describe('verifying the assertion', () => {
  it('answers who is calling', async () => {
    const verify = createVerifier({ issuer: () => issuer, audience }, { clock })
    const caller = { sub: 'usr_a', workspace: 'w', scope: 'a b', client: null }
    expect(await verify(`Bearer ${await token({})}`)).toEqual(caller)
  })

  it.each<[string, () => Forged]>([
    ['T49: another type of token of the same issuer', () => ({ typ: 'JWT' })],
    ['another issuer', () => ({ iss: 'https://elsewhere.example' })],
    ['another audience', () => ({ aud: `${audience}/` })],
    ['a time gone by', () => ({ exp: now - 1 })],
    ['no end', () => ({ exp: null })],
    ['a foreign key', () => ({ signedBy: foreignKey })],
  ])('refuses %s', async (_what, forged) => {
    const verify = createVerifier({ issuer: () => issuer, audience }, { clock })
    expect(await verify(`Bearer ${await token(forged())}`)).toBeNull()
  })

  it.each([null, '', 'Bearer', 'Bearer x', 'Basic eDp5'])('refuses the header %j', async (header) => {
    const verify = createVerifier({ issuer: () => issuer, audience }, { clock })
    expect(await verify(header)).toBeNull()
  })

  it('T8: fails, and does not refuse, when the keys cannot be fetched', async () => {
    const elsewhere = `${issuer}/nowhere`
    const verify = createVerifier({ issuer: () => elsewhere, audience }, { clock })
    await expect(verify(`Bearer ${await token({ iss: elsewhere })}`)).rejects.toThrow()
  })
})
