import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server'

interface Event {
  readonly id: string
  readonly streamId: string
  readonly message: JSONRPCMessage
}

/** The last events of one session, so that a client whose stream broke can take it up again. The oldest go first. */
export class RecentEvents implements EventStore {
  readonly #most: number
  #events: Event[] = []
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    this.#count += 1
    const id = String(this.#count)
    this.#events.push({ id, streamId, message })
    if (this.#events.length > this.#most) this.#events.shift()
    return id
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return this.#events.find(({ id }) => id === eventId)?.streamId
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const place = this.#events.findIndex(({ id }) => id === lastEventId)
    const last = this.#events[place]
    if (last === undefined) throw new Error('the event is no longer kept')
    for (const { id, streamId, message } of this.#events.slice(place + 1)) {
      // The SDK keeps a place in each stream with an empty message, which is not to be sent.
      if (streamId === last.streamId && 'jsonrpc' in message) await send(id, message)
    }
    return last.streamId
  }
}
