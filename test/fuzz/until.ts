import { setTimeout as delay } from 'node:timers/promises'

/** Looks again and again until it holds; whether it did within the time. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  for (;;) {
    if (await holds()) return true
    if (performance.now() > deadline) return false
    await delay(50)
  }
}
