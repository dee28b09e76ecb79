import { randomUUID } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import type { User } from '../../src/identity/user.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createSealedBox } from '../../src/lib/sealed-box.ts'
import { AccessTokenSigning } from '../../src/tokens/access-token-signing.ts'
import { operator, testSecretsKey } from './gateway.ts'
import type { TestGateway } from './gateway.ts'

/** What a token is issued for. Without a user it is the client's own. */
export interface Wanted {
  readonly user?: User
  readonly clientId?: string
  readonly workspace?: string
  readonly scopes?: readonly string[]
  /** Below the public URL; `/mcp` if nothing else is said. */
  readonly resource?: string
  /** Seconds from now. */
  readonly lifetime?: number
  /** In place of those there would be. */
  readonly claims?: JWTPayload
  readonly header?: Readonly<Record<string, unknown>>
}

export interface Issued {
  readonly token: string
  readonly id: string
  /** Null for a client's own. */
  readonly consentId: string | null
}

/** Access tokens as the authorization server of a gateway issues them: signed with its key, written in its store. */
export interface TokenIssuer {
  readonly keyId: string
  readonly privateKey: CryptoKey
  issue(wanted: Wanted): Promise<Issued>
  /** Signs any claims, and writes nothing. */
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>
  addClient(id: string, status?: 'active' | 'pending'): Promise<void>
}

/** Opens it beside a gateway that runs already. */
export async function issueTokensFor(
  { url, store }: Pick<TestGateway, 'url' | 'store'>,
  clock: Clock = systemClock,
): Promise<TokenIssuer> {
  const options = { rotateAfterMs: 90 * 86_400_000, longestLifeMs: 3_600_000 }
  const box = createSealedBox(testSecretsKey, systemRandom)
  const signing = await AccessTokenSigning.open(options, { store: store.signingKeys, box, clock })
  const privateKey = await importJWK(signing.unsealCurrent(), 'ES256')
  if (privateKey instanceof Uint8Array) throw new Error('no key pair')
  const keyId = signing.currentId
  const clients = new Set<string>()

  const sign: TokenIssuer['sign'] = (claims, header = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keyId, ...header })
      .sign(privateKey)

  const addClient: TokenIssuer['addClient'] = async (id, status = 'active') => {
    clients.add(id)
    const metadata = { client_name: id, redirect_uris: ['https://app.example/cb'] }
    await store.clients.add(
      {
        id,
        origin: 'admin',
        status,
        name: id,
        metadata: metadata as never,
        secretHash: null,
        ownerId: null,
        workspace: null,
        createdAt: clock.now(),
        freshUntil: null,
      },
      operator,
    )
  }

  return {
    keyId,
    privateKey,
    sign,
    addClient,
    async issue(wanted) {
      const { user, clientId = 'client-one', workspace = 'default', scopes = [], resource = '/mcp' } = wanted
      if (!clients.has(clientId)) await addClient(clientId)
      const at = clock.now()
      const seconds = Math.floor(at / 1000)
      const id = randomUUID()
      const consent =
        user === undefined
          ? null
          : await store.consents.grant({
              id: `con_${id}`,
              userId: user.id,
              clientId,
              workspace,
              resource: `${url}${resource}`,
              scopes,
              flow: 'authorization_code',
              at,
            })
      const consentId = consent?.id ?? null
      const exp = seconds + (wanted.lifetime ?? 600)
      await store.accessTokens.record({
        id,
        consentId,
        familyId: null,
        userId: user?.id ?? null,
        clientId,
        workspace,
        refreshTokenHash: null,
        issuedAt: at,
        expiresAt: exp * 1000,
      })
      const claims = {
        iss: url,
        sub: user?.id ?? `svc_${clientId}`,
        aud: `${url}${resource}`,
        exp,
        iat: seconds,
        jti: id,
        client_id: clientId,
        scope: scopes.join(' '),
        workspace,
        ...(consentId === null ? {} : { grant_id: consentId }),
        ...wanted.claims,
      }
      return { token: await sign(claims, wanted.header), id, consentId }
    },
  }
}
