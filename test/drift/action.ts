import type { ClientOrigin, ConsentFlow, LoginProvider } from '../../src/telemetry/vocabulary.ts'

/** Which of the two servers; a number that goes beyond is the command line, a process without metrics. */
export type Where = 0 | 1 | 'command line'

/** What may happen to sign-in. Users and browsers are numbers of places; others count the rows there are. */
export type LoginAction =
  | {
      readonly type: 'sign in'
      readonly at: 0 | 1
      readonly user: number
      readonly browser: number
      readonly provider: LoginProvider
      readonly remember: boolean
      /** The row is committed, and the cookie never arrives. */
      readonly answerLost: boolean
      /** The password was changed while it was checked. */
      readonly stalePassword: boolean
    }
  | {
      readonly type: 'visit'
      readonly at: 0 | 1
      readonly browser: number
      readonly as: 'itself' | 'updated' | 'another'
    }
  | { readonly type: 'log out'; readonly at: 0 | 1; readonly browser: number }
  | { readonly type: 'log out without a session'; readonly at: 0 | 1 }
  | {
      readonly type: 'end a device'
      readonly at: 0 | 1
      readonly session: number
      readonly by: 'owner' | 'stranger' | 'admin'
    }
  | { readonly type: 'end all others'; readonly at: 0 | 1; readonly browser: number }
  | { readonly type: 'end all of a user'; readonly at: 0 | 1; readonly user: number }
  | { readonly type: 'disable' | 'enable' | 'erase'; readonly at: Where; readonly user: number }
  | {
      readonly type: 'set a password'
      readonly at: Where
      readonly user: number
      readonly keeps: number | null
    }
  | { readonly type: 'sweep sessions'; readonly at: 0 | 1 }

/** What may happen to what acts for people: consents, clients, device codes and keys. */
export type AccessAction =
  | {
      readonly type: 'grant'
      readonly at: 0 | 1
      readonly user: number
      readonly client: number
      readonly flow: ConsentFlow
    }
  | {
      readonly type: 'revoke a consent'
      readonly at: 0 | 1
      readonly consent: number
      readonly by: 'user' | 'admin' | 'system'
    }
  | { readonly type: 'revoke all consents'; readonly at: 0 | 1; readonly user: number }
  | { readonly type: 'register a client'; readonly at: 0 | 1; readonly origin: ClientOrigin }
  | {
      readonly type: 'approve a client' | 'reject a client' | 'revoke a client' | 'use a client'
      readonly at: 0 | 1
      readonly client: number
    }
  | { readonly type: 'issue a device code'; readonly at: 0 | 1 }
  | { readonly type: 'decide'; readonly at: 0 | 1; readonly code: number; readonly allow: boolean }
  | { readonly type: 'redeem'; readonly at: 0 | 1; readonly code: number }
  | {
      readonly type: 'create a key'
      readonly at: Where
      readonly user: number
      readonly days: number | null
      readonly by: 'user' | 'admin'
    }
  | { readonly type: 'rotate a key' | 'revoke a key'; readonly at: Where; readonly key: number }
  | { readonly type: 'tell expired keys'; readonly at: 0 | 1 }

/** What deletes rows together with those that hang on them, and so never happens beside other things. */
export type RemovalAction =
  | { readonly type: 'remove a client'; readonly at: 0 | 1; readonly client: number }
  | { readonly type: 'sweep clients' | 'sweep the authorization server'; readonly at: 0 | 1 }

export type Deed = LoginAction | AccessAction | RemovalAction

export type Action =
  | Deed
  | { readonly type: 'wait'; readonly milliseconds: number }
  | { readonly type: 'add a user'; readonly user: number; readonly source: LoginProvider }
  | { readonly type: 'restart'; readonly at: 0 | 1 }
  /** The store is out from its nth query on; a crash takes the server away as well. */
  | {
      readonly type: 'outage' | 'crash'
      readonly query: number
      readonly during: Deed & { readonly at: 0 | 1 }
    }
  /** The server is gone at the moment in which its first change is committed, before it can say anything. */
  | { readonly type: 'crash after the commit'; readonly during: Deed & { readonly at: 0 | 1 } }
  | { readonly type: 'race'; readonly one: Deed; readonly other: Deed }
  | { readonly type: 'counts fail'; readonly at: 0 | 1; readonly query: number }
