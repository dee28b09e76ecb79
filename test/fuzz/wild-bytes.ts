import type { Dice } from '../isolation/load/dice.ts'

type Mutation = (bytes: Buffer, dice: Dice) => Buffer

function replaceAt(bytes: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)])
}

/** Puts a line behind the request line. */
function addField(bytes: Buffer, line: string): Buffer {
  const end = bytes.indexOf('\r\n') + 2
  return replaceAt(bytes, end, end, Buffer.from(`${line}\r\n`, 'latin1'))
}

function randomBytes(dice: Dice, most: number): Buffer {
  return Buffer.from(Array.from({ length: 1 + dice.under(most) }, () => dice.under(256)))
}

const lines = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: gzip',
  'Content-Length: 0',
  'Content-Length: 4',
  'Content-Length: -1',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 99999999999999999999',
  'Content-Length: 0x10',
  'Connection: close',
  'Connection: upgrade\r\nUpgrade: websocket',
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  'Connection: authorization',
  'Expect: 200-ok',
  'Expect: 100-continue',
  'X-Folded: a\r\n b',
  ': no name',
  'no colon',
  'Bad Name: x',
  'X-Nul: \0',
  'X-Bare-CR: a\rb',
  'X-Forwarded-For: ::1, 127.0.0.1, x',
  'X-Request-Id: forged',
  'Range: bytes=0-',
  'Content-Encoding: gzip',
  'Trailer: Authorization',
  'Host: localhost',
  'traceparent: 00-zz',
]

const mutations: readonly Mutation[] = [
  (bytes, dice) => {
    const at = dice.under(bytes.length)
    return replaceAt(bytes, at, at + 1, Buffer.from([(bytes[at] ?? 0) ^ (1 << dice.under(8))]))
  },
  (bytes, dice) => {
    const at = dice.under(bytes.length)
    return replaceAt(bytes, at, at, randomBytes(dice, 8))
  },
  (bytes, dice) => {
    const at = dice.under(bytes.length)
    return replaceAt(bytes, at, at + 1 + dice.under(12), Buffer.alloc(0))
  },
  (bytes, dice) => {
    const at = dice.under(bytes.length)
    const piece = bytes.subarray(at, at + 1 + dice.under(40))
    return replaceAt(bytes, at, at, piece)
  },
  (bytes, dice) => bytes.subarray(0, 1 + dice.under(bytes.length)),
  (bytes, dice) => addField(bytes, dice.pick(lines)),
  (bytes, dice) => addField(bytes, dice.pick(lines)),
  (bytes, dice) => addField(bytes, `X-Long: ${'a'.repeat(dice.pick([4000, 16_300, 20_000]))}`),
  (bytes, dice) => addField(bytes, 'X-Many: 1\r\n'.repeat(dice.pick([190, 250, 900])).trimEnd()),
  (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
  (bytes, dice) => {
    const version = dice.pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/11', '', 'http/1.1'])
    return Buffer.from(bytes.toString('latin1').replace('HTTP/1.1', version), 'latin1')
  },
  (bytes, dice) => {
    const method = dice.pick([
      'CONNECT',
      'GET',
      'post',
      'G\0T',
      'M-SEARCH',
      'DELETE',
      'QUERY',
      'PRI',
      'X'.repeat(300),
    ])
    return Buffer.from(bytes.toString('latin1').replace(/^[A-Z]+/, method), 'latin1')
  },
  (bytes, dice) => {
    const length = dice.pick(['0', '1', '100000', '999999999', '07', '1 ', 'x'])
    return Buffer.from(bytes.toString('latin1').replace(/(content-length:)\s*\d+/i, `$1 ${length}`), 'latin1')
  },
  (bytes, dice) => {
    const size = dice.pick(['-1', 'zz', 'ffffffffffffffff', '0', '0x5', '5 ', '5;\n', ''])
    return Buffer.from(bytes.toString('latin1').replace(/\r\n[0-9a-f]+\r\n/, `\r\n${size}\r\n`), 'latin1')
  },
  (bytes, dice) => {
    const extra = dice.pick(['\r\n\r\n', '0\r\n\r\n', '\0', 'GET', ' '])
    return Buffer.concat([dice.chance(0.5) ? Buffer.from(extra) : bytes, bytes, Buffer.from(extra)])
  },
]

/** What no HTTP client sends. */
const foreign: readonly string[] = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  'SSH-2.0-x\r\n',
  '\r\n\r\n\r\n\r\n',
  '\0'.repeat(50),
  'GET / HTTP/1.1\r\n\r\n'.repeat(30),
  'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /mcp HTTP/1.1\r\n\r\n',
]

/** Bytes that were a request, and are something else now. */
export function wildBytes(request: Buffer, dice: Dice): Buffer {
  if (dice.chance(0.04)) return Buffer.from(dice.pick(foreign), 'latin1')
  if (dice.chance(0.02)) return randomBytes(dice, 3000)
  let bytes = request
  for (let left = 1 + dice.under(3); left > 0 && bytes.length > 0; left -= 1)
    bytes = dice.pick(mutations)(bytes, dice)
  return bytes
}
