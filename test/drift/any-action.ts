import fc from 'fast-check'
import { clientOrigins, consentFlows, loginProviders } from '../../src/telemetry/vocabulary.ts'
import type { AccessAction, Action, Deed, LoginAction, RemovalAction, Where } from './action.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const at = fc.constantFrom<(0 | 1)[]>(0, 1)
const where = fc.constantFrom<Where[]>(0, 1, 'command line')
const place = fc.nat(2)
const row = fc.nat(9)

function one<Type extends string>(...types: Type[]) {
  return fc.constantFrom(...types)
}

const signIn = fc.record({
  type: fc.constant('sign in' as const),
  at,
  user: place,
  browser: place,
  provider: fc.constantFrom(...loginProviders),
  remember: fc.boolean(),
  answerLost: fc.integer({ min: 0, max: 5 }).map((n) => n === 5),
  stalePassword: fc.integer({ min: 0, max: 9 }).map((n) => n === 9),
})

const login: fc.Arbitrary<LoginAction> = fc.oneof(
  { weight: 12, arbitrary: signIn },
  {
    weight: 7,
    arbitrary: fc.record({
      type: one('visit'),
      at,
      browser: place,
      as: one('itself', 'itself', 'updated', 'another'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: one('log out'), at, browser: place }) },
  fc.record({ type: one('log out without a session'), at }),
  { weight: 3, arbitrary: fc.record({ type: one('end a device'), at, session: row, by: byWhom() }) },
  { weight: 2, arbitrary: fc.record({ type: one('end all others'), at, browser: place }) },
  fc.record({ type: one('end all of a user'), at, user: place }),
  { weight: 3, arbitrary: fc.record({ type: one('disable', 'enable', 'erase'), at: where, user: place }) },
  fc.record({ type: one('set a password'), at: where, user: place, keeps: fc.option(place) }),
  { weight: 2, arbitrary: fc.record({ type: one('sweep sessions'), at }) },
)

function byWhom() {
  return one('owner', 'owner', 'stranger', 'admin')
}

const access: fc.Arbitrary<AccessAction> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: one('grant'),
      at,
      user: place,
      client: row,
      flow: fc.constantFrom(...consentFlows),
    }),
  },
  fc.record({ type: one('revoke a consent'), at, consent: row, by: one('user', 'admin', 'system') }),
  fc.record({ type: one('revoke all consents'), at, user: place }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: one('register a client'),
      at,
      origin: fc.constantFrom(...clientOrigins),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: one('approve a client', 'reject a client', 'revoke a client', 'use a client'),
      at,
      client: row,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: one('issue a device code'), at }) },
  { weight: 2, arbitrary: fc.record({ type: one('decide'), at, code: row, allow: fc.boolean() }) },
  fc.record({ type: one('redeem'), at, code: row }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: one('create a key'),
      at: where,
      user: place,
      days: fc.option(fc.integer({ min: 1, max: 3 })),
      by: one('user', 'admin'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: one('rotate a key', 'revoke a key'), at: where, key: row }) },
  { weight: 2, arbitrary: fc.record({ type: one('tell expired keys'), at }) },
)

const removal: fc.Arbitrary<RemovalAction> = fc.oneof(
  fc.record({ type: one('remove a client'), at, client: row }),
  fc.record({ type: one('sweep clients', 'sweep the authorization server'), at }),
)

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: login },
  { weight: 5, arbitrary: access },
  { weight: 1, arbitrary: removal },
)
type DeedOfServer = Deed & { readonly at: 0 | 1 }
const sweep: fc.Arbitrary<DeedOfServer> = fc.record({
  type: one('sweep sessions', 'sweep the authorization server', 'sweep clients', 'tell expired keys'),
  at,
})
/** What a fault may strike: a sweep more often than it comes by itself, for it does several things. */
const deedOfServer = fc.oneof(
  { weight: 3, arbitrary: deed.filter((deed): deed is DeedOfServer => deed.at !== 'command line') },
  { weight: 2, arbitrary: sweep },
)
// Of keys that a process without metrics changes beside a server, nobody knows which of them did.
const accessOfServer = access.filter(({ at }) => at !== 'command line')
const query = fc.integer({ min: 1, max: 9 })

/** Everything that may happen next. */
export const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: deed },
  {
    weight: 8,
    arbitrary: fc.record({
      type: one('wait'),
      milliseconds: fc.constantFrom(
        1000,
        30_000,
        minute,
        11 * minute,
        hour,
        2 * hour,
        day,
        14 * day,
        30 * day,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: one('add a user'),
      user: place,
      source: fc.constantFrom(...loginProviders),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: one('restart'), at }) },
  { weight: 3, arbitrary: fc.record({ type: one('outage', 'crash'), query, during: deedOfServer }) },
  { weight: 2, arbitrary: fc.record({ type: one('crash after the commit'), during: deedOfServer }) },
  { weight: 3, arbitrary: fc.record({ type: one('race'), one: login, other: login }) },
  { weight: 2, arbitrary: fc.record({ type: one('race'), one: accessOfServer, other: accessOfServer }) },
  { weight: 1, arbitrary: fc.record({ type: one('counts fail'), at, query }) },
)
