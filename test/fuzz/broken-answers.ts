import { gzipSync } from 'node:zlib'
import type { Dice } from '../isolation/load/dice.ts'

/** What a broken upstream does, in order. */
export type Act = { readonly say: Buffer } | 'pause' | 'end' | 'reset' | 'hang'

const line = (text: string) => Buffer.from(`${text}\r\n`, 'latin1')

function answerOf(first: string, fields: readonly string[], body: string | Buffer): Buffer {
  const head = Buffer.concat([first, ...fields, ''].map(line))
  return Buffer.concat([head, Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1')])
}

function ok(fields: readonly string[], body: string): Act {
  const lengths = [`Content-Length: ${Buffer.byteLength(body)}`, 'Content-Type: application/json']
  return { say: answerOf('HTTP/1.1 200 OK', [...lengths, ...fields], body) }
}

const events = ['Content-Type: text/event-stream', 'Transfer-Encoding: chunked']

function chunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`, 'latin1')
}

function last(dice: Dice): Act {
  return dice.pick<Act>(['end', 'end', 'reset'])
}

const statusLines = [
  'HTTP/1.1 099 x',
  'HTTP/1.1 000 x',
  'HTTP/1.1 999 x',
  'HTTP/1.1 600 x',
  'HTTP/1.1 1000 x',
  'HTTP/1.1 20 x',
  'HTTP/1.1 -200 x',
  'HTTP/1.1 200',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 200 \xff\x01',
  'HTTP/2.0 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/1.0 200 OK',
  'http/1.1 200 ok',
  'ICY 200 OK',
  '\0\0\0',
  '',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 205 Reset',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 302 Found',
  'HTTP/1.1 400 Bad',
  'HTTP/1.1 401 Who',
  'HTTP/1.1 404 No',
  'HTTP/1.1 418 Tea',
  'HTTP/1.1 429 Slow',
  'HTTP/1.1 500 Oh',
  'HTTP/1.1 503 No',
]

const fieldLines = [
  'Content-Type: a\0b',
  'Content-Type: \xff\xfe',
  'Content-Type: a\rb',
  'Content-Type:',
  'Content-Type: text/event-stream; charset=\x7f',
  'Content-Type: text/event-stream\r\nContent-Type: application/json',
  'Content-Encoding: gzip',
  'Cache-Control: \u0001',
  'Retry-After: \x80\x81',
  'Mcp-Session-Id: a b',
  'Mcp-Session-Id: \xe9',
  'Mcp-Session-Id:',
  `Mcp-Session-Id: ${'s'.repeat(3000)}`,
  'Mcp-Session-Id: one\r\nMcp-Session-Id: two',
  'Mcp-Session-Id: one, two',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Content-Length: 5',
  'Content-Length: -5',
  'Content-Length: 99999999999999999999999',
  'Content-Length: 0',
  'Content-Length: 3, 3',
  'X: a\r\n folded',
  ': x',
  'no colon',
  'Connection: close',
  'Connection: upgrade\r\nUpgrade: websocket',
  'Keep-Alive: timeout=-1',
  'Keep-Alive: timeout=99999999999',
  'Set-Cookie: a=b\r\nSet-Cookie: c=d',
  'Location: http://169.254.169.254/',
  '__proto__: x',
]

type Script = (dice: Dice) => readonly Act[]

const scripts: readonly Script[] = [
  (dice) => [{ say: answerOf(dice.pick(statusLines), ['Content-Length: 2'], '{}') }, last(dice)],
  (dice) => [
    { say: answerOf(dice.pick(statusLines), ['Mcp-Session-Id: s', ...events], chunk('x')) },
    last(dice),
  ],
  (dice) => [ok([dice.pick(fieldLines)], '{"jsonrpc":"2.0"}'), last(dice)],
  (dice) => [ok([dice.pick(fieldLines), dice.pick(fieldLines)], '{}'), dice.pick<Act>(['end', 'hang'])],
  (dice) => [
    { say: answerOf('HTTP/1.1 200 OK', [dice.pick(fieldLines)], dice.pick(['', '{}', 'x'.repeat(9000)])) },
    last(dice),
  ],
  // Less than it said, more than it said, and something behind its end.
  (dice) => [
    { say: answerOf('HTTP/1.1 200 OK', ['Content-Length: 500'], 'x'.repeat(dice.under(500))) },
    last(dice),
  ],
  () => [{ say: answerOf('HTTP/1.1 200 OK', ['Content-Length: 100000'], 'x'.repeat(70_000)) }, 'hang'],
  (dice) => [
    { say: answerOf('HTTP/1.1 200 OK', ['Content-Length: 2'], '{}'.repeat(1 + dice.under(50))) },
    last(dice),
  ],
  () => [ok([], '{}'), { say: answerOf('HTTP/1.1 200 OK', ['Content-Length: 4'], 'evil') }, 'end'],
  // Chunks that are none.
  (dice) => {
    const size = dice.pick([
      'zz',
      '-1',
      'ffffffffffffffffff',
      '',
      '5;',
      '5 \n',
      '0x5',
      '00000000000000000005',
    ])
    const body = `${size}\r\nabcde\r\n0\r\n\r\n`
    return [{ say: answerOf('HTTP/1.1 200 OK', events, body) }, last(dice)]
  },
  (dice) => [{ say: answerOf('HTTP/1.1 200 OK', events, '5\r\nab'.slice(0, dice.under(6))) }, last(dice)],
  (dice) => [{ say: answerOf('HTTP/1.1 200 OK', events, '0\r\nX-Trailer: a\0\r\n\r\n') }, last(dice)],
  // Event streams that break off, hang, or are none.
  (dice) => {
    const torn = dice.pick([
      'data: x\n\n',
      'data: x',
      'data: \xff\xfe\n\n',
      'data: {"jsonrpc"',
      '\r\r\r',
      ':\n',
      '\0',
    ])
    return [
      { say: answerOf('HTTP/1.1 200 OK', [...events, 'Mcp-Session-Id: e'], '') },
      'pause',
      { say: chunk(torn) },
      dice.pick<Act>(['end', 'reset', 'reset', 'hang']),
    ]
  },
  (dice) => [
    { say: answerOf('HTTP/1.1 200 OK', ['Content-Type: text/event-stream'], 'data: x\n\n') },
    last(dice),
  ],
  (dice) => [
    {
      say: answerOf('HTTP/1.1 400 Bad', ['Content-Length: 44'], '{"error":{"message":"session not found"}}'),
    },
    last(dice),
  ],
  // Nothing, too late, or in drops.
  (dice) => [last(dice)],
  () => ['hang'],
  (dice) => [
    { say: Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: app'.slice(0, 1 + dice.under(30))) },
    last(dice),
  ],
  () => [{ say: Buffer.from('HTTP/1.1 200 OK\r\nContent-Ty') }, 'hang'],
  () =>
    [...Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')].flatMap((byte): Act[] => [
      { say: Buffer.from([byte]) },
      'pause',
    ]),
  // Storms.
  (dice) => {
    const storm = `HTTP/1.1 ${dice.pick(['100', '102', '103', '103', '199'])} x\r\n\r\n`.repeat(
      dice.pick([1, 10, 2000]),
    )
    return [{ say: Buffer.from(storm) }, ok([], '{}'), 'end']
  },
  (dice) => [ok([`X-Huge: ${'h'.repeat(dice.pick([10_000, 32_000, 40_000, 300_000]))}`], '{}'), last(dice)],
  (dice) => [
    ok(
      Array.from({ length: dice.pick([100, 1000, 5000]) }, (_, place) => `X-${place}: y`),
      '{}',
    ),
    last(dice),
  ],
  () => [
    {
      say: answerOf(
        'HTTP/1.1 200 OK',
        ['Content-Encoding: gzip'],
        gzipSync('x'.repeat(100_000)).subarray(0, 60),
      ),
    },
    'end',
  ],
  // Random damage to a good answer.
  (dice) => {
    const good = answerOf(
      'HTTP/1.1 200 OK',
      [...events, 'Mcp-Session-Id: r'],
      chunk('data: {"a":1}\n\n') + '0\r\n\r\n',
    )
    for (let left = 1 + dice.under(3); left > 0; left -= 1) good[dice.under(good.length)] = dice.under(256)
    return [{ say: good.subarray(0, 1 + dice.under(good.length)) }, last(dice)]
  },
  // And now and then all is well.
  () => [ok([], '{"jsonrpc":"2.0","id":1,"result":{}}')],
]

/** The acts of one script; the same for the same numbers. */
export function actsOf(kind: number, dice: Dice): readonly Act[] {
  const script = scripts[kind % scripts.length]
  return script === undefined ? ['end'] : script(dice)
}
