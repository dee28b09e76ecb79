import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTPayload } from 'jose'

/** A token issuer of somebody else: keys, and a server that publishes their public halves. */
export interface JwksIssuer {
  readonly issuer: string
  readonly jwksUri: string
  /** How often the keys were asked for. */
  readonly asked: number
  /** What the server does instead of answering with the keys. */
  misbehave(instead: ((response: ServerResponse) => void) | null): void
  /** Makes a key; the newest signs. */
  rotate(algorithm?: string, published?: Partial<JWK>): Promise<string>
  /** Publishes a key no more. */
  withdraw(keyId: string): void
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

export async function startJwksIssuer(): Promise<JwksIssuer> {
  const keys = new Map<string, { privateKey: CryptoKey; algorithm: string; jwk: JWK }>()
  let newest = ''
  let asked = 0
  let instead: ((response: ServerResponse) => void) | null = null
  const server = createServer((_, response) => {
    asked += 1
    if (instead !== null) return instead(response)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [...keys.values()].map(({ jwk }) => jwk) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const issuer = `http://127.0.0.1:${port}`

  const rotate: JwksIssuer['rotate'] = async (algorithm = 'RS256', published = {}) => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
    newest = `key-${keys.size + 1}`
    const jwk = { ...(await exportJWK(publicKey)), kid: newest, alg: algorithm, use: 'sig', ...published }
    keys.set(newest, { privateKey, algorithm, jwk })
    return newest
  }
  await rotate()
  return {
    issuer,
    jwksUri: `${issuer}/keys`,
    get asked() {
      return asked
    },
    misbehave: (other) => void (instead = other),
    rotate,
    withdraw: (keyId) => void keys.delete(keyId),
    sign(claims, header = {}) {
      const key = keys.get(newest)
      if (key === undefined) throw new Error('there is no key')
      const protectedHeader = { alg: key.algorithm, typ: 'at+jwt', kid: newest, ...header }
      return new SignJWT(claims).setProtectedHeader(protectedHeader).sign(key.privateKey)
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
