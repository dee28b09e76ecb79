/** The seed of this run: `SALLYPORT_FUZZ_SEED`, or a new one. */
export function fuzzSeed(): number {
  const given = process.env['SALLYPORT_FUZZ_SEED']
  return given === undefined ? Math.trunc(Date.now() % 2 ** 31) : Number(given)
}
