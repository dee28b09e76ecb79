import { expect, it } from 'vitest'
import { authenticate } from './authenticate.ts'
import type { Authenticator, Identified } from './authenticate.ts'
import { authorize } from './authorize.ts'
import type { Authorized } from './authorize.ts'
import { forward } from './forward.ts'
import type { ForwardParts } from './forward.ts'
import { limit } from './limit.ts'
import type { McpSessions } from './mcp-session.ts'
import { readMessages } from './read-messages.ts'
import type { Understood } from './read-messages.ts'
import type { Received } from './received.ts'
import type { Routed } from './route.ts'

/*
 * Each step of the hot path takes what the step before it made, and nothing else: leaving one out does not compile.
 * `tsc` complains about every `@ts-expect-error` that has become idle. Nothing here is ever called.
 */
function forbidden(
  made: {
    readonly received: Received
    readonly routed: Routed
    readonly identified: Identified
    readonly understood: Understood
    readonly authorized: Authorized
  },
  parts: ForwardParts,
  judges: readonly Authenticator[],
  sessions: McpSessions,
): readonly unknown[] {
  const { received, routed, identified, understood, authorized } = made
  return [
    // @ts-expect-error not routed
    authenticate(received, judges),
    // @ts-expect-error not authenticated
    readMessages(routed, 1),
    // @ts-expect-error not understood
    authorize(identified, sessions),
    // @ts-expect-error not authorized
    limit(understood, null),
    // @ts-expect-error not limited
    forward(authorized, parts),
    // @ts-expect-error neither authorized nor limited
    forward(understood, parts),
    // @ts-expect-error nothing but authenticated
    forward(identified, parts),
    // @ts-expect-error made by hand: the stages are classes with a brand
    forward({ ...authorized }, parts),
  ]
}

it('a step of the hot path that is left out does not compile', () => {
  expect(forbidden).toBeTypeOf('function')
})
