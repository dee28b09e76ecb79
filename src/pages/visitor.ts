import type { Received } from '../gateway/received.ts'
import type { Browser, LoginSessions, SignedIn } from '../identity/login-session.ts'
import type { OwnPassword } from '../identity/own-password.ts'
import type { SessionCookie } from '../identity/session-cookie.ts'

/** Somebody whose cookie stands for a running login session. Nothing else counts on pages: no key, no token. */
export interface Visitor {
  /** What their forms are bound to. */
  readonly cookieValue: string
  readonly signedIn: SignedIn
}

export interface VisitorDependencies {
  readonly cookie: SessionCookie
  readonly loginSessions: Pick<LoginSessions, 'find'>
}

/** Who is here; null for anybody who is not signed in. */
export async function findVisitor(
  received: Received,
  { cookie, loginSessions }: VisitorDependencies,
): Promise<Visitor | null> {
  const cookieValue = cookie.read(received.request.headers.cookie)
  if (cookieValue === null) return null
  const signedIn = await loginSessions.find(cookieValue, browserOf(received))
  return signedIn === null ? null : { cookieValue, signedIn }
}

/** Whether they came with a one-time password and have chosen none since: that comes first, where it can be done. */
export function owesPassword({ signedIn }: Visitor, ownPassword: OwnPassword | null): boolean {
  return ownPassword !== null && signedIn.session.passwordDue === true
}

export function browserOf({ address, request }: Received): Browser {
  return { address, userAgent: request.headers['user-agent'] ?? '' }
}
