import { expect, it } from 'vitest'
import { Secret } from '../../lib/secret.ts'
import { credentialFields } from './http-api.ts'

it('signs the timestamp and the body as the guide shows', () => {
  const secret = new Secret('0123456789abcdef0123456789abcdef')
  const body = '{"email":"ada@example.com","password":"correct horse"}'
  expect(credentialFields({ kind: 'hmac', secret }, 1_767_225_600, body)).toStrictEqual({
    'X-Sallyport-Timestamp': '1767225600',
    'X-Sallyport-Signature': '3a48f25e443114ef050d96722bc7ce67e20da51453ac75a27c2137991fa7921c',
  })
})

it('shows a plain secret as a Bearer token, and nothing where nothing is agreed', () => {
  const secret = new Secret('0123456789abcdef0123456789abcdef')
  expect(credentialFields({ kind: 'simple', secret }, 1, '{}')).toStrictEqual({
    Authorization: 'Bearer 0123456789abcdef0123456789abcdef',
  })
  expect(credentialFields({ kind: 'none' }, 1, '{}')).toStrictEqual({})
})
