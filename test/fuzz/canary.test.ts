import { expect, it } from 'vitest'
import { canariesIn, canaryOf } from './canary.ts'

/** Whether some case of some run bears this mark. */
function isOfACase(canary: string): boolean {
  const [, index = '', place = ''] = canary.split('-')
  return canaryOf(Number.parseInt(index, 36), Number.parseInt(place, 36)) === canary
}

it('no change of one byte makes the mark of one request that of another', () => {
  const taken: string[] = []
  for (const index of [0, 35, 206_731, 557_489, 999_999]) {
    for (const place of [0, 1, 2]) {
      const mark = canaryOf(index, place)
      expect(canariesIn(`x${mark}x`)).toEqual([mark])
      expect(isOfACase(mark)).toBe(true)
      for (const changed of changesOf(mark)) {
        taken.push(...canariesIn(changed).filter((canary) => canary !== mark && isOfACase(canary)))
      }
    }
  }
  expect(taken).toEqual([])
})

function* changesOf(mark: string): Generator<string> {
  for (let at = 0; at < mark.length; at += 1) {
    const [before, after] = [mark.slice(0, at), mark.slice(at + 1)]
    yield before + after
    for (let byte = 0; byte < 256; byte += 1) {
      yield before + String.fromCharCode(byte) + after
      yield before + String.fromCharCode(byte) + mark.slice(at)
    }
  }
}
