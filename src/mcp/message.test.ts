import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isModern } from './era.ts'
import { parseBody } from './message.ts'
import type { Message } from './message.ts'

const version = 'io.modelcontextprotocol/protocolVersion'
const parse = (value: unknown) => parseBody(JSON.stringify(value))
const one = (value: unknown) => {
  const parsed = parse(value)
  return 'messages' in parsed ? parsed.messages[0] : undefined
}

describe('a message', () => {
  it('is a request, a notification or a response by what it carries', () => {
    expect(one({ jsonrpc: '2.0', id: 'a', method: 'ping' })?.kind).toBe('request')
    expect(one({ jsonrpc: '2.0', id: 0, method: 'ping' })).toMatchObject({ kind: 'request', id: 0 })
    expect(one({ jsonrpc: '2.0', method: 'notifications/x' })?.kind).toBe('notification')
    expect(one({ jsonrpc: '2.0', id: 1, result: {} })).toMatchObject({ kind: 'response', method: '' })
    expect(one({ jsonrpc: '2.0', id: null, error: {} })).toMatchObject({ kind: 'response', id: null })
  })

  it.each([
    ['tools/call', { name: 'a', uri: 'u' }, 'a'],
    ['prompts/get', { name: 'a' }, 'a'],
    ['resources/read', { name: 'a', uri: 'u' }, 'u'],
    ['tasks/get', { taskId: 't' }, 't'],
    ['tasks/cancel', { taskId: 't' }, 't'],
    ['tools/list', { name: 'a' }, null],
    ['tools/call', { name: 1 }, null],
    ['tools/call', ['a'], null],
    ['tools/call', {}, null],
    ['constructor', { name: 'a' }, null],
  ])('%s with %j is about %j', (method, params, name) => {
    expect(one({ jsonrpc: '2.0', id: 1, method, params })?.name).toBe(name)
  })

  it('claims a version only by a text of its own in _meta', () => {
    const claimed = (_meta: unknown) =>
      one({ jsonrpc: '2.0', id: 1, method: 'a', params: { _meta } })?.claimedVersion
    expect(claimed({ [version]: '2026-07-28' })).toBe('2026-07-28')
    expect([claimed({}), claimed(null), claimed([version]), claimed({ [version]: 1 })]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })
})

describe('what is no JSON-RPC message is refused', () => {
  it.each([
    ['a scalar', 1],
    ['a text', 'ping'],
    ['null', null],
    ['no version', { id: 1, method: 'a' }],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'a' }],
    ['a version that is a number', { jsonrpc: 2, id: 1, method: 'a' }],
    ['an empty method', { jsonrpc: '2.0', id: 1, method: '' }],
    ['a method that is no text', { jsonrpc: '2.0', id: 1, method: { a: 1 } }],
    ['params that are no structure', { jsonrpc: '2.0', id: 1, method: 'a', params: 'x' }],
    ['params that are null', { jsonrpc: '2.0', id: 1, method: 'a', params: null }],
    ['an id that is null', { jsonrpc: '2.0', id: null, method: 'a' }],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'a' }],
    ['a request with a result', { jsonrpc: '2.0', id: 1, method: 'a', result: {} }],
    ['a request with an error', { jsonrpc: '2.0', id: 1, method: 'a', error: {} }],
    ['a response with result and error', { jsonrpc: '2.0', id: 1, result: {}, error: {} }],
    ['a response with neither', { jsonrpc: '2.0', id: 1 }],
    ['a response without an id', { jsonrpc: '2.0', result: {} }],
    ['a batch in a batch', [[{ jsonrpc: '2.0', method: 'a' }]]],
    ['a batch with one bad element', [{ jsonrpc: '2.0', method: 'a' }, 1]],
  ])('%s', (_, value) => expect(parse(value)).toEqual({ problem: { reason: 'not_jsonrpc' } }))

  it('an empty batch has a reason of its own', () => {
    expect(parse([])).toEqual({ problem: { reason: 'empty_batch' } })
  })
})

describe('what is no JSON is refused', () => {
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'a' })
  it.each([
    ['a byte order mark', `\uFEFF${text}`],
    ['a truncated text', text.slice(0, -1)],
    ['two messages', text + text],
    ['a comment', `${text} // hello`],
    ['a comma too many', '{"jsonrpc":"2.0",}'],
    ['single quotes', "{'jsonrpc':'2.0'}"],
    ['a lone bracket, a hundred times', '['.repeat(100)],
    ['NaN', '{"id":NaN}'],
    ['a control character in a text', '{"jsonrpc":"2.0\n"}'],
  ])('%s', (_, body) => expect(parseBody(body)).toEqual({ problem: { reason: 'invalid_json' } }))

  it('what nests deeper than any message is refused before it is parsed', () => {
    for (const body of ['['.repeat(1_000_000), `{"a":`.repeat(201) + '1' + '}'.repeat(201)]) {
      expect(parseBody(body)).toEqual({ problem: { reason: 'too_deep' } })
    }
    const braces = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'x', arguments: { text: '[{\\"'.repeat(500) } },
    })
    expect(parseBody(braces)).toMatchObject({ batch: false })
  })
})

it('a batch is read element by element, in order', () => {
  const parsed = parse([
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a' } },
    { jsonrpc: '2.0', id: 2, result: {} },
  ])
  expect(parsed).toMatchObject({ batch: true, messages: [{ name: 'a' }, { kind: 'response' }] })
  expect(parse({ jsonrpc: '2.0', id: 1, method: 'a' })).toMatchObject({ batch: false })
})

it('no text whatever makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
      expect(parseBody(text)).toBeTypeOf('object')
    }),
  )
})

describe('the era of a message', () => {
  const message = (more: Partial<Message>): Message => ({
    kind: 'request',
    id: 1,
    method: 'a',
    name: null,
    claimedVersion: null,
    introduction: null,
    traceParent: null,
    ...more,
  })
  it.each([
    ['a claim of 2026-07-28', message({ claimedVersion: '2026-07-28' }), undefined, true],
    ['a claim of a later revision', message({ claimedVersion: '2027-01-01' }), undefined, true],
    [
      'a claim of an earlier one, whatever the header',
      message({ claimedVersion: '2025-11-25' }),
      '2026-07-28',
    ],
    ['a request with the header alone', message({}), '2026-07-28'],
    ['a notification with the header alone', message({ kind: 'notification' }), ' 2026-07-28', true],
    ['a notification with a legacy header', message({ kind: 'notification' }), '2025-11-25'],
    ['a response', message({ kind: 'response' }), '2026-07-28'],
    ['no message', undefined, '2026-07-28'],
  ] as const)('%s', (_, subject, header, modern: boolean = false) => {
    expect(isModern(subject, header)).toBe(modern)
  })
})
