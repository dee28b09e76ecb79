import type { ClientMetadata } from './registration.ts'

/** What an administrator looks at before approving: who it says it is, where it leads, what it may do, how it proves itself. */
const approved = [
  'client_name',
  'client_uri',
  'logo_uri',
  'redirect_uris',
  'grant_types',
  'token_endpoint_auth_method',
  'jwks',
  'jwks_uri',
] as const satisfies readonly (keyof ClientMetadata)[]

/** Whether something changed that an administrator has approved (T19): another order of a list is no change. */
export function changesWhatWasApproved(before: ClientMetadata, after: ClientMetadata): boolean {
  return approved.some((member) => comparable(before[member]) !== comparable(after[member]))
}

function comparable(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? value.map(String).toSorted() : (value ?? null))
}
