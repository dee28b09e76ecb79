import { describe, expect, it } from 'vitest'
import { logLevels } from '../config/log-level.ts'
import { mintApiKey } from '../identity/api-key.ts'
import { systemRandom } from '../lib/random.ts'
import { createLog, redact } from './log.ts'

const clock = { now: () => 0, monotonic: () => 0 }

function lines(level: (typeof logLevels)[number]): string[] {
  const written: string[] = []
  const log = createLog(level, clock, (line) => written.push(line))
  log.debug('one', { requestId: 'r', status: 200 })
  log.info('two')
  log.warn('three', { detail: 'line\nbreak "quoted"' })
  log.error('four')
  return written
}

it('writes one JSON object on each line', () => {
  const written = lines('debug')
  expect(written).toHaveLength(4)
  for (const line of written) expect(line).toMatch(/^\{[^\n]*\}\n$/)
  expect(JSON.parse(written[0] ?? '')).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    level: 'debug',
    message: 'one',
    requestId: 'r',
    status: 200,
  })
  expect(JSON.parse(written[2] ?? '')).toMatchObject({ detail: 'line\nbreak "quoted"' })
})

it('writes nothing below its level', () => {
  expect(logLevels.map((level) => lines(level).length)).toEqual([4, 3, 2, 1, 0])
})

describe('T7: whatever looks like a credential is taken out', () => {
  const { key } = mintApiKey(systemRandom)
  it.each([
    ['a key', `refused ${key}, try again`, 'refused sp_[redacted], try again'],
    ['a truncated key', key.slice(0, 20), 'sp_[redacted]'],
    ['a bearer token', '"authorization":"Bearer ghp_0123456789"', '"authorization":"Bearer [redacted]"'],
    ['basic credentials', 'basic dXNlcjpwYXNz', 'basic [redacted]'],
    ['a JWT', 'got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln here', 'got [redacted] here'],
    ['an unsigned JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', '[redacted]'],
    ['a password in a URL', 'postgres://me:hunter2@db/x', 'postgres://me:[redacted]@db/x'],
    ['a query', 'GET /a?code=abc&state=x%20y HTTP', 'GET /a?code=[redacted]&state=[redacted] HTTP'],
  ])('%s', (_, text, clean) => expect(redact(text)).toBe(clean))

  it.each(['sp_', 'a bearer of news'.slice(0, 8), 'https://example.com/path', '12:30 at noon', '{"a":1}'])(
    'leaves %j as it is',
    (text) => expect(redact(text)).toBe(text),
  )

  it('in fields and messages alike, and the line stays JSON', () => {
    const written: string[] = []
    const log = createLog('info', clock, (line) => written.push(line))
    log.info(`message ${key}`, { detail: `Bearer ${key}"`, url: 'http://u:p@h/?token=abc' })
    const text = written.join('')
    for (const secret of [key, key.slice(0, 30), ':p@', 'abc']) expect(text).not.toContain(secret)
    expect(JSON.parse(text)).toMatchObject({ level: 'info' })
  })
})
