import { startGiteaPeer } from './gitea-peer.ts'
import { startGithubPeer } from './github-peer.ts'
import { startHttpApiPeer } from './http-api-peer.ts'
import { startOidcPeer } from './oidc-peer.ts'

const tenant = '7b1f3a52-0c5e-4d9e-9d1f-2f6a4f2f9b10'

/** Somebody every provider knows, by what each calls them. */
export interface PeerPerson {
  /** What they type at a provider. */
  readonly login: string
  readonly email: string
  readonly subject: string
  /** Their password at the company's own endpoint. */
  readonly password: string
}

export const ada: PeerPerson = {
  login: 'ada',
  email: 'ada@example.com',
  subject: 'ada-1',
  password: 'correct horse',
}

/** One of each provider, for a gateway at that URL; `auth` is what its configuration says of them. */
export async function startPeers(url: string, person: PeerPerson = ada) {
  const { login, email, subject, password } = person
  const people = [{ id: 4711, login, emails: [{ email, primary: true, verified: true }] }]
  const claims = {
    sub: subject,
    email,
    email_verified: true,
    oid: `${subject}-oid`,
    tid: tenant,
    xms_edov: true,
  }
  const back = (name: string) => `${url}/login/callback/${name}`
  const openid = (shape: 'gitlab' | 'microsoft' | 'oidc') =>
    startOidcPeer({ shape, tenant, people: [{ login, claims }], redirectUri: back(shape) })
  const answer = { subject, email, emailVerified: true }
  const [github, gitea, gitlab, microsoft, oidc, httpApi] = await Promise.all([
    startGithubPeer({ people, redirectUri: back('github') }),
    startGiteaPeer({ people, redirectUri: back('gitea') }),
    openid('gitlab'),
    openid('microsoft'),
    openid('oidc'),
    startHttpApiPeer({ people: [{ email, password, answer }], auth: 'none', secret: '', now: Date.now }),
  ])
  const of = (peer: typeof github) => ({
    url: peer.url,
    clientId: peer.clientId,
    clientSecret: peer.clientSecret,
  })
  return {
    auth: {
      providers: ['local', 'http_api', 'github', 'gitea', 'gitlab', 'microsoft', 'oidc'],
      linkByEmail: true,
      signUpWorkspace: 'default',
      github: of(github),
      gitea: of(gitea),
      gitlab: of(gitlab),
      microsoft: { ...of(microsoft), tenant },
      oidc: { issuer: oidc.issuer, clientId: oidc.clientId, clientSecret: oidc.clientSecret },
      httpApi: { url: `${httpApi.url}/sign-in` },
    },
    secrets: [github, gitea, gitlab, microsoft, oidc].map(({ clientSecret }) => clientSecret),
    async close() {
      await Promise.all([github, gitea, gitlab, microsoft, oidc, httpApi].map((peer) => peer.close()))
    },
  }
}
