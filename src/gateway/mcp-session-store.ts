/** The one a legacy MCP session belongs to: never token bytes, never the subject alone (T2, T3). */
export interface SessionOwner {
  readonly issuer: string
  readonly subject: string
  /** The OAuth client; '' for a key of the user's own. */
  readonly clientId: string
  /** '' for principals bound to no workspace. */
  readonly workspace: string
}

export interface McpSession extends SessionOwner {
  /** SHA-256 of upstream name and session id: the id itself is a bearer secret and is not stored. */
  readonly idHash: string
  readonly upstream: string
  /** The session id, encrypted: needed to end an idle session upstream too. */
  readonly sealedId: string
  readonly startedAt: number
  readonly lastSeenAt: number
}

/** Where MCP sessions live, as long as they do. */
export interface McpSessionStore {
  start(session: McpSession): Promise<void>
  /** The hot look-up, of a session that has not ended. */
  find(idHash: string): McpSession | undefined | Promise<McpSession | undefined>
  /** Ends a session: its row goes. One conditional statement: undefined when it had ended already. */
  end(idHash: string): Promise<McpSession | undefined>
  /** Ends at most `most` sessions not seen since, and answers them; each is answered to one caller only. */
  endIdle(notSeenSince: number, most: number): Promise<McpSession[]>
  recordSeen(seen: ReadonlyMap<string, number>): Promise<void>
  countActive(): Promise<ReadonlyMap<string, number>>
}
