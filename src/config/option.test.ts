import { describe, expect, it } from 'vitest'
import { choice, flag, integer, list, ratio, text } from './option.ts'
import type { Option } from './option.ts'

function valueOf<Value>(option: Option<Value>, raw: unknown): Value | string {
  const parsed = option.parse(raw)
  if ('value' in parsed) return parsed.value
  if ('problem' in parsed) return `! ${parsed.problem}`
  return parsed.itemProblems.map(({ item, problem }) => `! [${item}] ${problem}`).join('\n')
}

describe('kinds of options', () => {
  const word = text('', null, 'a word', (value) => (value === 'bad' ? 'is bad' : null))
  const number = integer('', 1, 0, 10)
  const share = ratio('', 0.1)
  const onOff = flag('', false)
  const mode = choice('', ['off', 'hash', 'id'], 'off')
  const names = list('', 'names', (value) => (value === 'bad' ? 'is bad' : null))

  it.each([
    [word, ' x ', 'x'],
    [word, 7, '7'],
    [word, '', '! must be a word, and is empty'],
    [word, true, '! must be a word'],
    [word, ['x'], '! must be a word'],
    [word, 'bad', '! is bad'],
    [number, '10', 10],
    [number, ' 3 ', 3],
    [number, 0, 0],
    [number, '11', '! must be a whole number from 0 to 10'],
    [number, -1, '! must be a whole number from 0 to 10'],
    [number, 1.5, '! must be a whole number from 0 to 10'],
    [number, '1e1', '! must be a whole number from 0 to 10'],
    [share, 0, 0],
    [share, ' 1 ', 1],
    [share, '0.25', 0.25],
    [share, '.5', 0.5],
    [share, 1.01, '! must be a number from 0 to 1'],
    [share, -0.1, '! must be a number from 0 to 1'],
    [share, '', '! must be a number from 0 to 1'],
    [share, '10%', '! must be a number from 0 to 1'],
    [share, Number.NaN, '! must be a number from 0 to 1'],
    [number, '0x1', '! must be a whole number from 0 to 10'],
    [number, '', '! must be a whole number from 0 to 10'],
    [number, null, '! must be a whole number from 0 to 10'],
    [onOff, ' TRUE ', true],
    [onOff, false, false],
    [onOff, 'yes', '! must be true or false'],
    [onOff, 1, '! must be true or false'],
    [onOff, 'off', '! must be true or false'],
    [mode, ' Hash ', 'hash'],
    [mode, 'off', 'off'],
    [mode, false, '! must be one of off | hash | id'],
    [mode, 'toString', '! must be one of off | hash | id'],
  ] as const)('%# reads %j', (option, raw, expected) => expect(valueOf<unknown>(option, raw)).toBe(expected))

  it.each([
    ['a, b ,,a', ['a', 'b']],
    ['', []],
    [
      ['a', 1, 'a'],
      ['a', '1'],
    ],
    [[], []],
    [['a', ''], '! must be a list of names'],
    [['a', null], '! must be a list of names'],
    [7, '! must be a list of names'],
    [{ a: 1 }, '! must be a list of names'],
    ['a,bad', '! has "bad", which is bad'],
  ])('a list reads %j', (raw, expected) => expect(valueOf(names, raw)).toEqual(expected))
})
