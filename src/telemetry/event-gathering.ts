import type { Clock } from '../lib/clock.ts'
import type { EventRecord } from './event.ts'

const windowMs = 10_000
const sweepMs = 1000

interface Window {
  endsAt: number
  held: EventRecord | null
}

/**
 * Thins out what strangers can cause at will (T26): of each kind the first goes at once, and the rest of ten seconds
 * becomes one record with their count. A field in which they differ is left out of it.
 */
export class EventGathering {
  readonly #clock: Clock
  readonly #release: (record: EventRecord) => void
  readonly #windows = new Map<string, Window>()
  #timer: NodeJS.Timeout | null = null

  constructor(clock: Clock, release: (record: EventRecord) => void) {
    this.#clock = clock
    this.#release = release
  }

  /** Takes one that happened now; `keys` are the fields that tell kinds apart, closed lists all of them. */
  take(record: EventRecord, keys: readonly string[]): void {
    const kind = [record.name, ...keys.map((key) => String(record.fields[key]))].join(' ')
    const now = this.#clock.monotonic()
    const window = this.#windows.get(kind)
    if (window !== undefined && (now < window.endsAt || window.held !== null)) {
      window.held = window.held === null ? { ...record, count: 1 } : joined(window.held, record)
      return
    }
    this.#windows.set(kind, { endsAt: now + windowMs, held: null })
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs).unref()
    this.#release({ ...record, count: 1 })
  }

  /** Gives out everything that is held; call at the end. */
  end(): void {
    for (const { held } of this.#windows.values()) if (held !== null) this.#release(held)
    this.#windows.clear()
    this.#stopTimer()
  }

  #sweep(): void {
    const now = this.#clock.monotonic()
    for (const [kind, window] of this.#windows) {
      if (now < window.endsAt) continue
      if (window.held === null) {
        this.#windows.delete(kind)
        continue
      }
      this.#release(window.held)
      this.#windows.set(kind, { endsAt: now + windowMs, held: null })
    }
    if (this.#windows.size === 0) this.#stopTimer()
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}

function joined(held: EventRecord, next: EventRecord): EventRecord {
  const same = Object.entries(held.fields).filter(([key, value]) => next.fields[key] === value)
  return { ...held, fields: Object.fromEntries(same), count: (held.count ?? 0) + 1 }
}
