import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBody } from './message.ts'
import { overwriteTraceParents, readTraceParent, writeTraceParent } from './trace-parent.ts'

const theirs = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const ours = '00-11111111111111111111111111111111-2222222222222222-00'

describe('a traceparent', () => {
  it('is read, and written in version 00', () => {
    const place = readTraceParent(theirs)
    expect(place).toEqual({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' })
    if (place !== null) expect(writeTraceParent(place, true)).toBe(theirs)
    expect(readTraceParent(`cc${theirs.slice(2)}-what-comes`)).toEqual(place)
  })

  it.each([
    ['the forbidden version', `ff${theirs.slice(2)}`],
    ['version 00 with more', `${theirs}-more`],
    ['capitals', theirs.toUpperCase()],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span id of zeros', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['a dash elsewhere', theirs.replace('c-b', '-cb')],
    ['a later version that goes on without a dash', `cc${theirs.slice(2)}x`],
    ['a version that is no number', `0g${theirs.slice(2)}`],
    ['a flag that is no number', `${theirs.slice(0, 53)}0g`],
    ['a digit too few', theirs.slice(1)],
    ['a space', ` ${theirs}`],
    ['a line more', `${theirs}\n`],
    ['nothing', ''],
  ])('is not valid with %s', (_, text) => expect(readTraceParent(text)).toBeNull())
})

const overwritten = (text: string) => {
  const body = Buffer.from(text)
  const count = overwriteTraceParents(body, ours)
  return { count, text: body.toString('utf8'), bytes: body.length }
}

describe('overwriting in place', () => {
  it('changes those 55 bytes of params._meta and no other, whatever stands around them', () => {
    const text = `{ "params" : {"arguments":{"_meta":{"traceparent":"${theirs}"},"s":"\\"_meta\\":{\\"traceparent\\":\\"${theirs}\\"}","é":"😀"},
      "name":"x", "_meta":{"tracestate":"a=${theirs}","traceparent": "${theirs}" , "baggage":"k=v"}}, "_meta":{"traceparent":"${theirs}"},"jsonrpc":"2.0","id":1,"method":"tools/call"}`
    const at = text.indexOf(`"traceparent": "${theirs}"`) + '"traceparent": "'.length
    const { count, text: after } = overwritten(text)
    expect(count).toBe(1)
    expect(after).toBe(text.slice(0, at) + ours + text.slice(at + 55))
  })

  it('finds keys that are written with escapes', () => {
    const text = `{"par\\u0061ms":{"\\u005fmeta":{"trace\\u0070arent":"${theirs}"}}}`
    expect(overwritten(text)).toMatchObject({ count: 1, text: text.replace(theirs, ours) })
  })

  it('goes through every message of a batch', () => {
    const one = (meta: object) => ({ jsonrpc: '2.0', id: 1, method: 'a', params: { _meta: meta } })
    const text = JSON.stringify([one({ traceparent: theirs }), one({}), 'x', one({ traceparent: theirs })])
    expect(overwritten(text)).toMatchObject({ count: 2, text: text.replaceAll(theirs, ours) })
  })

  it.each([
    ['in a result', `{"result":{"_meta":{"traceparent":"${theirs}"}}}`],
    ['in params that are a list', `{"params":[{"_meta":{"traceparent":"${theirs}"}}]}`],
    ['in a _meta that is a text', `{"params":{"_meta":"traceparent ${theirs}"}}`],
    ['that is not valid', `{"params":{"_meta":{"traceparent":"${theirs.replace('b7', 'B7')}"}}}`],
    [
      'with an escape inside',
      `{"params":{"_meta":{"traceparent":"${theirs.replace('00-', '\\u0030\\u0030-')}"}}}`,
    ],
    ['that is longer', `{"params":{"_meta":{"traceparent":"cc${theirs.slice(2)}-x"}}}`],
    ['that is an object', `{"params":{"_meta":{"traceparent":{"traceparent":"${theirs}"}}}}`],
  ])('leaves one alone %s', (_, text) =>
    expect(overwritten(text)).toEqual({ count: 0, text, bytes: text.length }),
  )

  it('changes in any accepted message what JSON.parse reads as params._meta.traceparent, and nothing else', () => {
    const key = fc.constantFrom('params', '_meta', 'traceparent', 'arguments', 'a"b', 'é', '\\', 'x')
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.integer({ min: 15, max: 60 }).map((length): unknown => `${'a'.repeat(length)}"\\\\"\\`),
        fc.constantFrom<unknown>(theirs, `"${theirs}"`, '\\', '"', 1, null, true, '😀"\\'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
      ),
    })).node
    const envelope = fc.record({
      params: fc.dictionary(key, value),
      x: value,
      space: fc.constantFrom(0, 1, 3),
    })
    fc.assert(
      fc.property(envelope, value, ({ params, x, space }, meta) => {
        const message = { x, jsonrpc: '2.0', params: { ...params, _meta: meta }, id: 1, method: 'a' }
        const text = JSON.stringify(message, null, space)
        if ('problem' in parseBody(text)) return
        const body = Buffer.from(text)
        overwriteTraceParents(body, ours)
        const had = (meta as { traceparent?: unknown } | null)?.traceparent === theirs
        const expected = had ? { ...(meta as object), traceparent: ours } : meta
        expect(JSON.parse(body.toString())).toEqual({
          ...(JSON.parse(text) as object),
          params: JSON.parse(JSON.stringify({ ...params, _meta: expected })) as unknown,
        })
      }),
      { numRuns: 500 },
    )
  })
})
