/** Where the product is reached; known once the port is. */
export interface Placement {
  readonly publicUrl: URL
  /** Whether it listens on loopback, so that loopback names are its own. */
  readonly loopback: boolean
}
