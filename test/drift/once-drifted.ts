import type { Action } from './action.ts'

const signIn = {
  type: 'sign in',
  at: 0,
  user: 0,
  browser: 0,
  provider: 'local',
  remember: false,
  answerLost: false,
  stalePassword: false,
} as const

/** What random sequences have found, so that every run looks for it again. */
export const onceDrifted: readonly (readonly Action[])[] = [
  // Codes were marked as run out, and what came after failed: nobody ever said so.
  [
    { type: 'issue a device code', at: 0 },
    { type: 'wait', milliseconds: 86_400_000 },
    { type: 'outage', query: 3, during: { type: 'sweep the authorization server', at: 0 } },
    { type: 'sweep the authorization server', at: 1 },
  ],
  // On Postgres, a session that began beside its user's erasure made that fail.
  [{ type: 'race', one: signIn, other: { type: 'erase', at: 1, user: 0 } }],
  // On Postgres, a session was ended in the name of its owner, who had been erased since it was looked up.
  [
    signIn,
    {
      type: 'race',
      one: { type: 'end a device', at: 0, session: 0, by: 'owner' },
      other: { type: 'erase', at: 1, user: 0 },
    },
  ],
]
