/** The web's `fetch`, injected so that whoever calls out is seen to, and tests can stand in its way. */
export type Fetch = typeof globalThis.fetch

/** The one of this process. */
export const systemFetch: Fetch = (input, init) => globalThis.fetch(input, init)
