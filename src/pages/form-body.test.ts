import { expect, it } from 'vitest'
import { parseForm } from './form-body.ts'

const parse = (text: string, several: readonly string[] = []) => parseForm(Buffer.from(text), several)

it('reads fields, signs and UTF-8', () => {
  const form = parse('a=1+2%2B3&b=%C3%A9&c&d=x%3Dy&&e=')
  if ('refused' in form) throw new Error(form.refused)
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => form.text(name))).toEqual([
    '1 2+3',
    'é',
    '',
    'x=y',
    '',
    '',
  ])
})

it('refuses a field that is there twice, however it is written', () => {
  expect(parse('a=1&a=2')).toEqual({ refused: 'ambiguous_key', hint: 'a' })
  expect(parse('a=1&%61=2')).toEqual({ refused: 'ambiguous_key', hint: 'a' })
})

it('takes a choice of several where one is expected', () => {
  const form = parse('s=1&s=2', ['s'])
  expect('refused' in form ? form : form.all('s')).toEqual(['1', '2'])
})

it.each(['a=%ff', 'a=%C3', '%ED%A0%80=1', 'a=%zz', 'a=%2'])('refuses %s, which is no UTF-8', (text) => {
  expect(parse(text)).toEqual({ refused: 'invalid_utf8' })
})

it('refuses bytes that are no UTF-8 without being encoded, too', () => {
  expect(parseForm(Buffer.from([0x61, 0x3d, 0xff]), [])).toEqual({ refused: 'invalid_utf8' })
})

it('has no field of the object it could be kept in', () => {
  const form = parse('a=1')
  if ('refused' in form) throw new Error(form.refused)
  expect([form.text('constructor'), form.all('__proto__')]).toEqual(['', []])
})

it('takes 400 fields at the most', () => {
  expect(parse(Array.from({ length: 401 }, (_, place) => `f${place}=1`).join('&'))).toMatchObject({
    refused: 'body_too_large',
  })
})
