import { ask } from './asking.ts'
import type { ComposedGateway } from './composed-gateway.ts'

/** The numbers of sign-in and the authorization server. What takes time is counted, and not added up. */
const watched =
  /^(sallyport_(?:logins_total|login_duration_seconds_count|login_session|users_|consents_|clients_|tokens_|device_codes_|api_keys_)\S*) (\S+)$/gm

/**
 * What `work` moves on `/metrics`, each number with how much it rose or fell; the background work is done before and after
 * it, as if its time had come.
 */
export async function movedBy(
  { port, composed }: ComposedGateway,
  work: () => Promise<unknown>,
): Promise<Readonly<Record<string, number>>> {
  await composed.runJobs()
  const before = await numbersAt(port)
  await work()
  await composed.runJobs()
  const after = await numbersAt(port)
  const moved = [...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)] as const)
  return Object.fromEntries(moved.filter(([, value]) => value !== 0))
}

async function numbersAt(port: number): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await ask(port, { method: 'GET', path: '/metrics' })
  if (status !== 200) throw new Error(`/metrics answers ${status}`)
  const numbers = Array.from(body.matchAll(watched), ([, key = '', value]) => [key, Number(value)] as const)
  return new Map(
    numbers
      .filter(([key]) => !/_(?:bucket|sum)\b/.test(key))
      .map(([key, value]) => [key.replace('sallyport_', ''), value]),
  )
}
