import type { Adapter } from 'oidc-provider'
import type { ConsentStore } from '../consent-store.ts'
import { requestState } from '../request-state.ts'
import { libraryScopes, ofNoToken } from '../scopes.ts'
import { unusedAdapter } from './unused.ts'

/** Consents end by being revoked, and by nothing else. */
const never = 253_402_300_799

/** The library's grants are our consents. They are made when a person agrees, never by the library. */
export function grantAdapter(consents: Pick<ConsentStore, 'find'>): Adapter {
  return {
    ...unusedAdapter,
    async find(id) {
      const state = requestState()
      const consent = await consents.find(id)
      if (consent === undefined) {
        state.refresh ??= 'revoked'
        return undefined
      }
      if (consent.userInactive) {
        state.reason = 'account_inactive'
        state.refresh ??= 'revoked'
        return undefined
      }
      state.consent = consent
      const { userId: accountId, clientId, resource, scopes } = consent
      const ofLibrary = scopes.filter((scope) => libraryScopes.includes(scope))
      // Who the person is may be asked with the resource's own token, so it has those scopes too.
      const ofResource = scopes.filter((scope) => !ofNoToken.includes(scope))
      return {
        jti: id,
        kind: 'Grant',
        exp: never,
        accountId,
        clientId,
        openid: { scope: ofLibrary.join(' ') },
        resources: { [resource]: ofResource.join(' ') },
      }
    },
  }
}
