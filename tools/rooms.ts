/**
 * The rooms of `src/` and their floors. A file imports only from its own room or from a lower floor, so rooms of one
 * floor never know each other.
 */
export const floors: Readonly<Record<string, number>> = {
  cli: 8,
  server: 7,
  admin: 6,
  pages: 6,
  storage: 6,
  gateway: 5,
  oauth: 5,
  access: 4,
  identity: 3,
  tokens: 3,
  limits: 3,
  upstreams: 3,
  telemetry: 2,
  principal: 1,
  mcp: 1,
  config: 1,
  lib: 0,
}

/** The rooms only some others may enter, whatever the floor: only the composition root knows the database. */
export const onlyFor: Readonly<Record<string, readonly string[]>> = { storage: ['server'] }

/** Where a path of the checkout lies in the house; null outside `src/`. */
export interface Place {
  readonly room: string
  /** Whether it is in a sub-folder, and so for its own room only. */
  readonly isPrivate: boolean
}

/** `src/ROOM/file` is a door, `src/ROOM/folder/file` is private. */
export function placeOf(path: string): Place | null {
  const [top, room, ...inside] = path.split('/')
  return top !== 'src' || room === undefined ? null : { room, isPrivate: inside.length > 1 }
}
