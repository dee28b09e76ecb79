import type { Exception } from './compare.ts'

/** What is worse through the gateway than without it. An entry that nothing needs any more fails the suite. */
export const exceptions: readonly Exception[] = []
