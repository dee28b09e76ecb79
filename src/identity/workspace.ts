export const defaultWorkspace = 'default'

const shape = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

/** A workspace name is a lower-case DNS label: it appears in assertions, paths and file names. */
export function isWorkspaceName(text: string): boolean {
  return shape.test(text)
}
