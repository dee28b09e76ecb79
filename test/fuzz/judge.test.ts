import { expect, it } from 'vitest'
import { canaryOf } from './canary.ts'
import { judge } from './judge.ts'

const head = 'POST /mcp HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'

/** What is wrong when case 7 sends these bytes and hears of this mark. */
function judged(tail: string, mark: string): string[] {
  const answer = {
    status: 200,
    fields: new Map([['x-request-id', 'req_1']]),
    body: `{"id":"${mark}"}`,
    closes: false,
  }
  const played = { answers: [answer], malformed: null, torn: false, rest: '', seconds: 0 }
  return judge(
    {
      index: 7,
      ending: 'wait',
      pieces: [],
      tail: Buffer.from(tail, 'latin1'),
      inTurn: true,
      writes: [],
      forbidden: [],
      broken: false,
    },
    { ...played, hung: false, closed: true, reset: false },
  )
}

const changed = canaryOf(7, 0).replace('cnry-7-', 'cnry-6-')

it('a mark that mutation has changed may come back to the case that sent it', () => {
  expect(judged(changed, changed)).toEqual([])
})

it('it may as well when the framing of chunks parted it on its way', () => {
  const [start, end] = [changed.slice(0, 9), changed.slice(9)]
  const size = end.length.toString(16)
  expect(judged(`${head}9\r\n${start}\r\n${size};x=1\r\n${end}\r\n0\r\n\r\n`, changed)).toEqual([])
})

it('the mark of another case may not', () => {
  const told = (mark: string) => [`the answer to another request came here: ${mark}`]
  expect(judged(canaryOf(7, 0), canaryOf(6, 0))).toEqual(told(canaryOf(6, 0)))
  expect(judged(canaryOf(7, 0), changed)).toEqual(told(changed))
})
