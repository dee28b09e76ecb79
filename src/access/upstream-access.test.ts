import { describe, expect, it } from 'vitest'
import type { AdminPrincipal, ServicePrincipal, UserPrincipal } from '../principal/principal.ts'
import { anonymous } from '../principal/principal.ts'
import { ownerScopes } from './owner-scopes.ts'
import { decideAccess } from './upstream-access.ts'

const open = { name: 'code', workspaces: [], scopes: [] }
const walled = { ...open, workspaces: ['red', 'blue'] }
const scoped = { ...open, scopes: ['code:read', 'code:run'] }
const admin: AdminPrincipal = { kind: 'admin', issuer: 'i', subject: 'admin' }
const user: UserPrincipal = {
  kind: 'user',
  issuer: 'i',
  subject: 'usr_1',
  workspace: 'red',
  scopes: [],
  credentialId: 'k',
  upstreams: [],
  attributionSalt: '',
}

const service: ServicePrincipal = {
  kind: 'service',
  issuer: 'i',
  subject: 'svc_robot',
  workspace: 'red',
  scopes: ['code:read'],
  clientId: 'robot',
  credentialId: 't',
}

describe('who may call an upstream', () => {
  it.each([
    ['a user, when it is open to all', user, open, 'allowed'],
    ['a user of one of its workspaces', user, walled, 'allowed'],
    ['a user of another workspace', { ...user, workspace: 'green' }, walled, 'upstream_not_allowed'],
    ['a key limited to it', { ...user, upstreams: ['x', 'code'] }, open, 'allowed'],
    ['a key limited to another', { ...user, upstreams: ['codes'] }, open, 'upstream_not_allowed'],
    ['a key without its scopes', user, scoped, 'insufficient_scope'],
    ['a key with one of two scopes', { ...user, scopes: ['code:read'] }, scoped, 'insufficient_scope'],
    ['a key with all of them', { ...user, scopes: ['code'] }, scoped, 'allowed'],
    ['a key of another workspace, whatever its scopes', { ...user, workspace: 'x', scopes: ['*'] }, walled],
    ['a client for itself, in its workspace', service, walled, 'allowed'],
    ['a client for itself, elsewhere', { ...service, workspace: 'green' }, walled],
    ['a client for itself, with one of two scopes', service, scoped, 'insufficient_scope'],
    ['a client for itself, with all of them', { ...service, scopes: ['code'] }, scoped, 'allowed'],
    ['the admin token, when it is open to all', admin, scoped, 'allowed'],
    ['the admin token, when it has walls', admin, walled],
    ['anybody unknown, even when it is open', anonymous, open],
  ] as const)('%s', (_, principal, upstream, decision = 'upstream_not_allowed') => {
    expect(decideAccess(principal, upstream)).toBe(decision)
  })

  it('does not tell a caller from outside which scopes are missing', () => {
    const outside = { ...user, workspace: 'green' }
    expect(decideAccess(outside, { ...walled, scopes: ['code:read'] })).toBe('upstream_not_allowed')
  })
})

it("an owner's scopes are those of the upstreams open to the workspace, each once and sorted", () => {
  const upstreams = [scoped, { ...walled, scopes: ['notes', 'code:read'] }, { ...open, workspaces: ['x'] }]
  expect(ownerScopes(upstreams, 'red')).toEqual(['code:read', 'code:run', 'notes'])
  expect(ownerScopes(upstreams, 'green')).toEqual(['code:read', 'code:run'])
  expect(ownerScopes([], 'red')).toEqual([])
})
