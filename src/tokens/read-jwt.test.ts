import { describe, expect, it } from 'vitest'
import { readJwt } from './read-jwt.ts'

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('reading a JWT', () => {
  it('answers header and payload, and verifies nothing', () => {
    expect(readJwt(`${part({ alg: 'none' })}.${part({ iss: 'x' })}.`)).toEqual({
      header: { alg: 'none' },
      payload: { iss: 'x' },
    })
  })

  it.each([
    '',
    'a.b.c',
    'sp_key',
    `${part({})}.${part({})}`,
    `${part({})}.${part({})}.x.y`,
    `${part([])}.${part({})}.x`,
    `${part({})}.${part('text')}.x`,
    `${part({})}.${part(null)}.x`,
    `${part({})}.${part({})}.+/=`,
    ` ${part({})}.${part({})}.x`,
  ])('%j is none', (token) => {
    expect(readJwt(token)).toBeNull()
  })
})
