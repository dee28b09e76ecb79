import { createHash, randomUUID } from 'node:crypto'
import { startPeerServer } from './peer-server.ts'
import type { PeerAnswer, PeerRequest, PeerServer } from './peer-server.ts'

/** Somebody with an account at the peer. */
export interface PlainOAuthPerson {
  readonly id: number
  readonly login: string
  readonly emails: readonly {
    readonly email: string
    readonly primary: boolean
    readonly verified: boolean
  }[]
}

export interface PlainOAuthPeerOptions {
  readonly people: readonly PlainOAuthPerson[]
  /** The one redirect URI registered for the client. */
  readonly redirectUri: string
}

/** Where two sites differ. */
export interface PlainOAuthDialect {
  readonly userPath: string
  readonly emailsPath: string
  readonly scope: string
  /** What an API request must look like; answers the complaint. */
  readonly checkApi: (request: PeerRequest) => string | null
  /** What the site answers to a code that is not good. */
  readonly badCode: PeerAnswer
  readonly badClient: PeerAnswer
  readonly showEmail: (entry: PlainOAuthPerson['emails'][number], person: PlainOAuthPerson) => object
}

export interface PlainOAuthPeer extends PeerServer {
  readonly clientId: string
  readonly clientSecret: string
}

interface Code {
  readonly person: PlainOAuthPerson
  readonly redirectUri: string
  readonly challenge: string
}

/** A site with `/login/oauth/authorize`, `/login/oauth/access_token` and a user API. It checks whatever it receives. */
export async function startPlainOAuthPeer(
  dialect: PlainOAuthDialect,
  { people, redirectUri }: PlainOAuthPeerOptions,
): Promise<PlainOAuthPeer> {
  const clientId = `client-${randomUUID()}`
  const clientSecret = `secret+/=&${randomUUID()}`
  const codes = new Map<string, Code>()
  const tokens = new Map<string, PlainOAuthPerson>()

  const peer = await startPeerServer((request) => {
    const key = `${request.method} ${request.path}`
    if (key === 'GET /login/oauth/authorize') return askPerson(request)
    if (key === 'POST /login/oauth/authorize') return decide(request)
    if (key === 'POST /login/oauth/access_token') return redeem(request)
    if (request.method === 'GET' && request.path === dialect.userPath) return show(request, showUser)
    if (request.method === 'GET' && request.path === dialect.emailsPath) return show(request, showEmails)
    return { complaint: 'no such endpoint' }
  })
  return { ...peer, clientId, clientSecret }

  function askPerson({ query }: PeerRequest): PeerAnswer {
    const complaint = complainOf(query, {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: dialect.scope,
      code_challenge_method: 'S256',
    })
    if (complaint !== null) return { complaint }
    if (!/^[\w-]{43}$/.test(query.get('code_challenge') ?? '')) return { complaint: 'no S256 code_challenge' }
    if ((query.get('state') ?? '').length < 32) return { complaint: 'no state worth the name' }
    const kept = [...query].map(([name, value]) => hidden(name, value)).join('')
    const form = `${kept}<input name="login"><button>Authorize</button>`
    return { status: 200, html: `<form method="post" action="/login/oauth/authorize">${form}</form>` }
  }

  function decide({ body }: PeerRequest): PeerAnswer {
    const form = new URLSearchParams(body)
    const back = new URL(form.get('redirect_uri') ?? '')
    back.searchParams.set('state', form.get('state') ?? '')
    const person = people.find(({ login }) => login === form.get('login'))
    if (person === undefined) {
      back.searchParams.set('error', 'access_denied')
      back.searchParams.set('error_description', '<b>The user has denied</b> your application access.')
    } else {
      const code = randomUUID()
      const challenge = form.get('code_challenge') ?? ''
      codes.set(code, { person, redirectUri: back.href.split('?')[0] ?? '', challenge })
      back.searchParams.set('code', code)
    }
    return { status: 302, headers: { Location: back.href }, html: '' }
  }

  function redeem({ headers, body }: PeerRequest): PeerAnswer {
    if (headers.accept !== 'application/json') return { complaint: 'Accept is not application/json' }
    if (headers['content-type'] !== 'application/x-www-form-urlencoded')
      return { complaint: 'the token request is not a form' }
    if (headers.authorization !== undefined) return { complaint: 'client credentials in two places' }
    const form = new URLSearchParams(body)
    if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret)
      return dialect.badClient
    if (form.get('grant_type') !== 'authorization_code') return { complaint: 'another grant_type' }
    const presented = form.get('code') ?? ''
    const code = codes.get(presented)
    codes.delete(presented)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    const fits = code?.redirectUri === form.get('redirect_uri') && code?.challenge === challenge
    if (code === undefined || !fits) return dialect.badCode
    const token = `tok_${randomUUID()}`
    tokens.set(token, code.person)
    return { status: 200, json: { access_token: token, token_type: 'bearer', scope: dialect.scope } }
  }

  function show(request: PeerRequest, render: (person: PlainOAuthPerson) => unknown): PeerAnswer {
    const complaint = dialect.checkApi(request)
    if (complaint !== null) return { complaint }
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) return { complaint: 'Authorization is not "Bearer TOKEN"' }
    const person = tokens.get(token)
    if (person === undefined) return { status: 401, json: { message: 'Bad credentials' } }
    return { status: 200, json: render(person) }
  }

  function showUser({ id, login, emails }: PlainOAuthPerson) {
    // The address shown here is the public one, whose verification it does not tell: nobody may take it.
    return { id, login, email: `public-${emails[0]?.email ?? ''}`, name: `Name of ${login}` }
  }

  function showEmails(person: PlainOAuthPerson) {
    return person.emails.map((entry) => dialect.showEmail(entry, person))
  }
}

function complainOf(query: URLSearchParams, wanted: Readonly<Record<string, string>>): string | null {
  for (const [name, value] of Object.entries(wanted)) {
    const given = query.getAll(name)
    if (given.length !== 1 || given[0] !== value) return `${name} is ${given.join(' and ')}, not ${value}`
  }
  return null
}

export function hidden(name: string, value: string): string {
  const escaped = value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  return `<input type="hidden" name="${name}" value="${escaped}">`
}
