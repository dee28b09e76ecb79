import * as z from 'zod'
import type { AuthInfo, ServerContext } from '@modelcontextprotocol/server'

/** Who is calling, as the gateway's assertion says. */
export interface Caller {
  readonly sub: string
  /** Empty for a caller bound to no workspace. */
  readonly workspace: string
  readonly scope: string
  readonly client: string | null
}

const claims = z.object({
  sub: z.string().min(1),
  workspace: z.string().default(''),
  scope: z.string().default(''),
  client_id: z.string().nullable().default(null),
})

/** The caller in an assertion's claims. Throws when the claims are no assertion's. */
export function callerFrom(payload: unknown): Caller {
  const { client_id: client, ...rest } = claims.parse(payload)
  return { ...rest, client }
}

/** The caller in the shape that the SDK hands through to tools. */
export function toAuthInfo(caller: Caller): AuthInfo {
  const { client, scope } = caller
  return { token: '', clientId: client ?? '', scopes: scope.split(' '), extra: { caller } }
}

/** The caller of the request being handled: never that of the session it belongs to (T2). */
export function callerOf({ http }: ServerContext): Caller {
  const caller = http?.authInfo?.extra?.['caller']
  if (caller === undefined) throw new Error('a request came in without its caller')
  return caller as Caller
}

/** One text for (workspace, sub), so that two owners never share one. */
export function ownerKey({ workspace, sub }: Caller): string {
  return JSON.stringify([workspace, sub])
}
