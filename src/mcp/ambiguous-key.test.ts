import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ambiguousKey } from './ambiguous-key.ts'
import { parseBody } from './message.ts'

const call = (inside: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${inside}}}`
const version = 'io.modelcontextprotocol/protocolVersion'

describe('T50: a message two parsers could read differently is refused', () => {
  it.each([
    ['a method twice', '{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', 'method'],
    ['the same method twice', '{"jsonrpc":"2.0","id":1,"method":"a","method":"a"}', 'method'],
    ['a method in two letter cases', '{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}', 'Method'],
    ['a lone method in another case', '{"jsonrpc":"2.0","id":1,"METHOD":"b"}', 'METHOD'],
    ['a method with an escape', '{"jsonrpc":"2.0","id":1,"method":"a","\\u006dethod":"b"}', 'method'],
    ['a lone long s', '{"jsonrpc":"2.0","id":1,"method":"a","param\u017f":{}}', 'param\u017f'],
    ['a long s in an escape', '{"jsonrpc":"2.0","method":"a","param\\u017f":{}}', 'param\u017f'],
    ['an unknown key twice', '{"jsonrpc":"2.0","id":1,"method":"a","x":1,"x":2}', 'x'],
    ['a name twice', call('"name":"safe","arguments":{},"name":"danger"'), 'name'],
    ['a name in another case', call('"name":"safe","Name":"danger"'), 'Name'],
    ['a uri in another case', call('"URI":"x"'), 'URI'],
    ['_meta twice', call(`"_meta":{},"_meta":{"${version}":"x"}`), '_meta'],
    ['a version twice', call(`"_meta":{"${version}":"a","${version}":"b"}`), version],
    ['a Kelvin sign in _meta', call('"_meta":{"baggage":"a","Baggage":"b"}'), 'Baggage'],
    ['params twice', '{"jsonrpc":"2.0","method":"a","params":{},"params":{}}', 'params'],
    ['a response with two results', '{"jsonrpc":"2.0","id":1,"result":{},"result":{}}', 'result'],
    ['_meta twice in a result', '{"jsonrpc":"2.0","id":1,"result":{"_meta":{},"_meta":{}}}', '_meta'],
    ['a later element of a batch', '[{"jsonrpc":"2.0","method":"a"},{"method":"a","method":"b"}]', 'method'],
    ['a key behind a string with quotes', '{"x":"\\"method\\\\","method":"a","method":"b"}', 'method'],
    ['a key behind nested values', '{"x":[{"a":"}"},["]"]],"method":"a","method":"b"}', 'method'],
    ['a key behind much white space', '{ "method"\t:\r\n"a" ,\n "method" : "b" }', 'method'],
  ])('%s', (_, text, key) => {
    expect(ambiguousKey(text)).toBe(key)
    expect(parseBody(text)).toEqual({ problem: { reason: 'ambiguous_key', key } })
  })
})

describe('what is the business of the upstream alone passes', () => {
  it.each([
    ['keys that differ', call('"name":"a","arguments":{"x":1}')],
    ['duplicates deep in the arguments', call('"name":"a","arguments":{"x":1,"x":2,"Method":3,"method":4}')],
    ['a method among the arguments', call('"name":"a","arguments":{"NAME":"b"}')],
    ['duplicates below _meta', call('"name":"a","_meta":{"x":{"y":1,"y":2}}')],
    ['an escaped backslash before a quote', call('"name":"a\\\\","arguments":{"b":"\\\\\\""}')],
    ['a text that looks like keys', call('"name":"\\"name\\":1,\\"name\\":2"')],
    ['a batch of equal messages', '[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"a"}]'],
    ['empty objects', '{"jsonrpc":"2.0","method":"a","params":{"_meta":{}}}'],
    ['scalars', '{"a":1,"b":-1.5e3,"c":true,"d":null,"e":"","f":[],"g":{}}'],
  ])('%s', (_, text) => expect(ambiguousKey(text)).toBeNull())
})

it('more keys than any honest message has are refused before they cost anything', () => {
  const keys = (count: number) => Array.from({ length: count }, (_, place) => `"k${place}":0`).join(',')
  expect(ambiguousKey(`{${keys(256)}}`)).toBeNull()
  expect(ambiguousKey(`{${keys(100_000)}}`)).toBe('k256')
})

it('depth costs no stack', () => {
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`
  expect(ambiguousKey(call(`"x":${deep}`))).toBeNull()
  expect(ambiguousKey(call(`"x":${deep},"name":"a","NAME":"b"`))).toBe('NAME')
})

/** An object as its pairs stand in the text; JSON that no parser has looked at yet. */
type Pairs = readonly (readonly [string, Value])[]
type Value = { readonly pairs: Pairs } | { readonly text: string }

const spellings = (name: string) => [name, name, name, name.toUpperCase(), name.replace('m', 'M')]
const keysAt = [
  ['jsonrpc', 'id', 'method', 'params', 'result', 'extra'],
  ['name', 'uri', 'taskId', 'arguments', '_meta', 'extra'],
  [version, 'traceparent', 'extra'],
].map((names) => fc.constantFrom(...names.flatMap(spellings)))
const leaf = fc.constantFrom('tools/call', 'prompts/get', 'safe', 'danger', '2.0', '2026-07-28')

function objectAt(depth: number): fc.Arbitrary<Value> {
  const key = keysAt[depth] ?? fc.constant('deep')
  const text = leaf.map((text): Value => ({ text }))
  const value = depth === 2 ? text : fc.oneof(text, objectAt(depth + 1))
  return fc.array(fc.tuple(key, value), { maxLength: 5 }).map((pairs): Value => ({ pairs }))
}

/** Chance alone seldom gets as deep as `_meta`: half of the messages begin there. */
const anyMessage = fc.oneof(
  objectAt(0),
  objectAt(2).map((meta): Value => {
    const params: Value = { pairs: [['_meta', meta]] }
    return { pairs: [['params', params]] }
  }),
)

function written(value: Value, escape: boolean): string {
  if ('text' in value) return JSON.stringify(value.text)
  const quoted = (name: string) => {
    const plain = JSON.stringify(name)
    return escape ? plain.replace('m', '\\u006d') : plain
  }
  return `{${value.pairs.map(([name, one]) => `${quoted(name)} : ${written(one, !escape)}`).join(' , ')}}`
}

/** What one kind of parser finds under a name: the first or last of equal keys, heeding letter case or not. */
interface Reader {
  readonly first: boolean
  readonly folding: boolean
}

function under(reader: Reader, value: Value | undefined, name: string): Value | undefined {
  if (value === undefined || 'text' in value) return undefined
  const same = ([key]: readonly [string, Value]) =>
    reader.folding ? key.toLowerCase() === name.toLowerCase() : key === name
  return (reader.first ? value.pairs.find(same) : value.pairs.findLast(same))?.[1]
}

function reading(reader: Reader, message: Value): unknown {
  const params = under(reader, message, 'params')
  const textOf = (value: Value | undefined) => (value !== undefined && 'text' in value ? value.text : null)
  const named = ['name', 'uri', 'taskId'].map((name) => textOf(under(reader, params, name)))
  const claimed = textOf(under(reader, under(reader, params, '_meta'), version))
  return { method: textOf(under(reader, message, 'method')), named, claimed }
}

it('T50: whatever is let pass reads the same to parsers that take the first or last key, in any case', () => {
  const readers = [true, false].flatMap((first) => [true, false].map((folding) => ({ first, folding })))
  let passed = 0
  fc.assert(
    fc.property(anyMessage, fc.boolean(), (message, escape) => {
      const text = written(message, escape)
      if (ambiguousKey(text) !== null) return
      passed += 1
      const [expected, ...others] = readers.map((reader) => reading(reader, message))
      for (const other of others) expect(other).toEqual(expected)
      const parsed = parseBody(text)
      if ('problem' in parsed) return
      const { method } = expected as { method: string | null }
      expect(parsed.messages[0]?.method).toBe(method ?? '')
    }),
    { numRuns: 3000 },
  )
  expect(passed).toBeGreaterThan(100)
})
