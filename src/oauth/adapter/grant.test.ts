import type { IncomingMessage } from 'node:http'
import { expect, it } from 'vitest'
import type { HeldConsent } from '../consent-store.ts'
import { newRequestState, runRequest } from '../request-state.ts'
import { grantAdapter } from './grant.ts'

const consent: HeldConsent = {
  id: 'con_1',
  userId: 'usr_a',
  clientId: 'cli_1',
  workspace: 'red',
  resource: 'https://mcp.example.com/mcp',
  scopes: ['sallyport:connect', 'openid', 'offline_access', 'code:read'],
  userInactive: false,
}

const find = (found: HeldConsent | undefined) => {
  const request = {} as IncomingMessage
  const state = newRequestState({
    request,
    requestId: '',
    endpoint: 'token',
    signedIn: null,
    presented: null,
  })
  const adapter = grantAdapter({ find: async () => found })
  return runRequest(state, async () => ({ grant: await adapter.find('con_1'), state }))
}

it('hands a consent to the library as a grant that ends only by being revoked', async () => {
  const { grant, state } = await find(consent)
  expect(grant).toMatchObject({
    jti: 'con_1',
    accountId: 'usr_a',
    clientId: 'cli_1',
    openid: { scope: 'sallyport:connect openid offline_access' },
    resources: { 'https://mcp.example.com/mcp': 'openid code:read' },
  })
  expect(grant?.exp).toBeGreaterThan(2e11)
  expect(state.consent).toBe(consent)
})

it('has none for a person who is disabled or has left the workspace, and says why', async () => {
  const { grant, state } = await find({ ...consent, userInactive: true })
  expect(grant).toBeUndefined()
  expect(state).toMatchObject({ consent: null, reason: 'account_inactive', refresh: 'revoked' })
})

it('has none for a consent that is revoked', async () => {
  const { grant, state } = await find(undefined)
  expect(grant).toBeUndefined()
  expect(state).toMatchObject({ reason: null, refresh: 'revoked' })
})
