import { default as Provider } from 'oidc-provider'
import type { GrantType } from '../telemetry/vocabulary.ts'
import { deviceCodeGrant } from './registration.ts'

const grantTypes: ReadonlyMap<unknown, GrantType> = new Map([
  ['authorization_code', 'authorization_code'],
  ['refresh_token', 'refresh_token'],
  [deviceCodeGrant, 'device_code'],
  ['client_credentials', 'client_credentials'],
])

/** The grant of the token request being answered. */
export function grantTypeOf(): GrantType {
  const grant = grantTypes.get(Provider.ctx?.oidc.params?.['grant_type'])
  if (grant === undefined) throw new Error('no token request is being answered')
  return grant
}
