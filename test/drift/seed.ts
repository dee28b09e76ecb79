/** The seed of this run: `SALLYPORT_DRIFT_SEED`, or a new one. */
export function driftSeed(): number {
  const given = process.env['SALLYPORT_DRIFT_SEED']
  return given === undefined ? Math.trunc(Date.now() % 2 ** 31) : Number(given)
}
