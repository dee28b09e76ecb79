import { IncomingMessage } from 'node:http'

/** What a request of ours becomes for the library. */
export interface LibraryRequest {
  readonly method: string
  /** Below publicUrl's path, with its query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const passed = ['accept', 'authorization', 'content-type', 'user-agent'] as const

/**
 * The request the library sees: made anew, with the fields it needs and no other. Host, forwarded fields and origin stay
 * outside, so that no URL it builds can come from whoever asks.
 */
export function libraryRequest(original: IncomingMessage, made: LibraryRequest): IncomingMessage {
  const message = new IncomingMessage(original.socket)
  message.httpVersionMajor = original.httpVersionMajor
  message.httpVersionMinor = original.httpVersionMinor
  message.httpVersion = original.httpVersion
  message.method = made.method
  message.url = made.url
  message.headers = { ...made.headers }
  for (const name of passed) {
    const value = original.headers[name]
    if (value !== undefined && made.headers[name] === undefined) message.headers[name] = value
  }
  if (made.body.length > 0) message.headers['content-length'] = String(made.body.length)
  // It is all here: its end is not the end of the connection.
  message.complete = true
  if (made.body.length > 0) message.push(made.body)
  message.push(null)
  return message
}

/** The value of the first cookie of a name. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  return cookiesOf(headers.cookie).find(([known]) => known === name)?.[1]
}

/** The cookies of a request without one of them, and with another in its place. */
export function cookiesWith(header: string | undefined, name: string, value: string | null): string {
  const others = cookiesOf(header).filter(([known]) => known !== name)
  const all = value === null ? others : [...others, [name, value] as const]
  return all.map(([known, text]) => `${known}=${text}`).join('; ')
}

function cookiesOf(header: string | undefined): readonly (readonly [string, string])[] {
  return (header ?? '').split(';').flatMap((part) => {
    const at = part.indexOf('=')
    return at < 1 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()] as const]
  })
}

/** Reads a body of `most` bytes at the most; null when it is longer. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
