import { errors } from 'oidc-provider'
import type { Configuration } from 'oidc-provider'

type Judge = NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']>

/**
 * What we ask of a client's assertion besides the library: that it is for us alone. One that another server would take,
 * too, may have been passed on by that server (RFC 7523 section 3).
 */
export const judgeClientAssertion: Judge = ({ oidc }, { aud }) => {
  const { issuer } = oidc.provider
  const isOurs = (audience: unknown) =>
    typeof audience === 'string' && (audience === issuer || audience.startsWith(`${issuer}/oauth/`))
  if ([aud].flat().every(isOurs)) return
  throw new errors.InvalidClientAuth('the client assertion is for other servers, too')
}
