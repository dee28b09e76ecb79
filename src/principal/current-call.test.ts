import { expect, it } from 'vitest'
import { currentCall, runCall } from './current-call.ts'
import { anonymous } from './principal.ts'
import type { UserPrincipal } from './principal.ts'

const ada: UserPrincipal = {
  kind: 'user',
  issuer: 'https://issuer.example',
  subject: 'usr_ada',
  workspace: 'default',
  scopes: [],
  credentialId: 'key',
  upstreams: [],
  attributionSalt: '',
}

it('T1: a call ends with its work; what runs next starts from nothing', async () => {
  expect(currentCall()).toBeUndefined()
  const work = runCall({ requestId: 'one', principal: anonymous }, async () => {
    await Promise.resolve()
    const call = currentCall()
    if (call !== undefined) call.principal = ada
    return currentCall()?.principal
  })
  expect(currentCall()).toBeUndefined()
  expect(await work).toBe(ada)
  expect(currentCall()).toBeUndefined()
  expect(runCall({ requestId: 'two', principal: anonymous }, () => currentCall()?.principal)).toBe(anonymous)
})

it('T1: two calls under way never see each other', async () => {
  const first = Promise.withResolvers<void>()
  const seen = (requestId: string) =>
    runCall({ requestId, principal: anonymous }, async () => {
      await first.promise
      return currentCall()?.requestId
    })
  const both = [seen('one'), seen('two')]
  first.resolve()
  expect(await Promise.all(both)).toEqual(['one', 'two'])
})

it('T12: anonymous has no subject that could be attributed', () => {
  expect(Object.keys(anonymous)).toEqual(['kind'])
  expect(Object.isFrozen(anonymous)).toBe(true)
})
