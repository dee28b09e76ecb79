import { expect, it } from 'vitest'
import { sanitize } from './sanitize.ts'

const none = { list: () => [] }
const url = new URL('http://127.0.0.1:1')
const nonceIn = (query: string) => sanitize(new URLSearchParams(query), url, none).get('nonce')

it('a nonce without openid is a parameter nobody knows, and is passed over', () => {
  expect(nonceIn('nonce=n&scope=code:read')).toBeNull()
  expect(nonceIn('nonce=n')).toBeNull()
  expect(nonceIn('nonce=n&scope=code:read+openid')).toBe('n')
})
