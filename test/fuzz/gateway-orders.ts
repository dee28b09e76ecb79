/** A key to be made at start, and what becomes of it. */
export interface KeyOrder {
  readonly name: string
  readonly workspace?: string
  readonly scopes?: readonly string[]
  readonly upstreams?: readonly string[]
  readonly state?: 'revoked' | 'expired' | 'disabled'
}

export interface BootOrder {
  readonly kind: 'boot'
  readonly upstreams: readonly Readonly<Record<string, unknown>>[]
  readonly settings: Readonly<Record<string, unknown>>
  /** Where the store is; null for a new SQLite file. */
  readonly location: string | null
  readonly keys: readonly KeyOrder[]
}

/** What the gateway's process can be asked for. */
export type Order =
  | BootOrder
  /** Memory after a collection. */
  | { readonly kind: 'sample' }
  /** Memory as it is. */
  | { readonly kind: 'usage' }
  /** Puts the product's clock forward. */
  | { readonly kind: 'advance'; readonly ms: number }
  /** Rows of active MCP sessions. */
  | { readonly kind: 'sessions' }
  | { readonly kind: 'stop' }

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failed: string }

/** Bytes, and counts of what keeps the process alive. */
export interface MemorySample {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  readonly arrayBuffers: number
  readonly sockets: number
  readonly timers: number
  /** Processor time used so far, in milliseconds: unlike throughput, it does not hang on what else the machine does. */
  readonly cpuMs: number
}

export interface Booted {
  readonly port: number
  readonly url: string
  /** The whole keys, by the names they were ordered under. */
  readonly keys: Readonly<Record<string, string>>
}
