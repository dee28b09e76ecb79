/** Choices that a seed repeats. */
export interface Dice {
  /** A whole number from 0 up to, not including, `below`. */
  under(below: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** 24 hexadecimal digits. */
  hex(): string
}

/** Mulberry32: small, fast, good enough to mix requests; no secret comes from it. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const under = (below: number) => Math.floor(next() * below)
  return {
    under,
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[under(items.length)]
      if (item === undefined) throw new Error('there is nothing to pick from')
      return item
    },
    hex: () =>
      [0, 0, 0]
        .map(() =>
          under(2 ** 32)
            .toString(16)
            .padStart(8, '0'),
        )
        .join(''),
  }
}

/** The seed of this run: `SALLYPORT_TEST_SEED`, or a new one. */
export function seedFromEnvironment(): number {
  const given = process.env['SALLYPORT_TEST_SEED']
  return given === undefined ? Math.trunc(Date.now() % 2 ** 31) : Number(given)
}
