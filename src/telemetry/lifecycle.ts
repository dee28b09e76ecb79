import type { Clock } from '../lib/clock.ts'
import type { Analytics } from './analytics.ts'
import { startupFailure } from './lifecycle-failure.ts'
import { NameRegistry } from './name-registry.ts'
import type { SignalFields } from './signals.ts'
import { createEmit } from './telemetry.ts'
import type { Emit } from './telemetry.ts'
import type { LifecycleSource, ShutdownReason } from './vocabulary.ts'

/** Milliseconds that telling may delay the end. */
const flushMs = 3000

export type StartedFacts = Omit<SignalFields<'server_started'>, 'lifecycle_source'>

/**
 * The life of one server, told once (T25): either `startup_error`, or `server_started` and later `server_shutdown`. The
 * first reason for the end is the reason, fixed before anything is sent: a failing flush cannot change it (T56).
 */
export class Lifecycle {
  readonly source: LifecycleSource
  readonly #clock: Clock
  #connected = false
  #analytics: Analytics | null = null
  #emit: Emit = () => {}
  #stage: 'starting' | 'started' | 'over' = 'starting'
  #startedAt = 0
  #oauthConfigured = false
  #flushed: Promise<void> | null = null
  #tellRest: () => void = () => {}

  constructor(source: LifecycleSource, clock: Clock) {
    this.source = source
    this.#clock = clock
  }

  /** Takes the way out that the first caller makes; null where nothing may leave. A refused configuration has no OAuth. */
  connect(make: () => Analytics | null, oauthConfigured = false): Analytics | null {
    if (this.#connected) return this.#analytics
    this.#connected = true
    this.#oauthConfigured = oauthConfigured
    this.#analytics = make()
    if (this.#analytics !== null) this.#emit = createEmit(new NameRegistry(), null, [this.#analytics])
    return this.#analytics
  }

  /** It answers from now on. `tellRest` states what it knows and has not said, before the end is. */
  started(facts: StartedFacts, tellRest: () => void): void {
    if (this.#stage !== 'starting') return
    this.#tellRest = tellRest
    this.#stage = 'started'
    this.#startedAt = this.#clock.monotonic()
    this.#emit('server_started', { lifecycle_source: this.source, ...facts })
  }

  /** It has ended, or is about to, for this reason; later ones change nothing. */
  ending(reason: ShutdownReason): void {
    if (this.#stage !== 'started') return
    this.#stage = 'over'
    this.#tellRest()
    this.#emit('server_shutdown', {
      lifecycle_source: this.source,
      reason,
      lifetime: (this.#clock.monotonic() - this.#startedAt) / 1000,
      first_request_seen: this.#analytics?.seen.request ?? false,
      session_seen: this.#analytics?.seen.session ?? false,
    })
  }

  /** Something went wrong that ends it: the start, or what had started. Tells it, within `flushMs`; never rejects. */
  async failed(error: unknown): Promise<void> {
    if (this.#stage === 'starting') {
      this.#stage = 'over'
      this.#emit('startup_error', { ...startupFailure(error), oauth_configured: this.#oauthConfigured })
    } else this.ending('crash')
    await this.flush()
  }

  /** Sends what is left. Never rejects, and takes 3 seconds at most. */
  flush(): Promise<void> {
    this.#flushed ??= this.#analytics?.close(flushMs).catch(() => {}) ?? Promise.resolve()
    return this.#flushed
  }
}
