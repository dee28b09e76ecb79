import { namesSomething } from './message.ts'
import type { Message } from './message.ts'

/** The request headers in which revision 2026-07-28 repeats parts of the body (SEP-2243). */
export interface MirroredHeaders {
  readonly method: string | undefined
  readonly name: string | undefined
  readonly protocolVersion: string | undefined
}

const base64Value = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/
const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

/** The text behind a header value, which is plain or `=?base64?…?=` around UTF-8; null when it is neither. */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) return value
  const encoded = base64Value.exec(value)?.[1]
  if (encoded === undefined) return null
  try {
    return strictUtf8.decode(Buffer.from(encoded, 'base64'))
  } catch {
    return null
  }
}

/** The first header that contradicts the body, by its name; null when all that are there agree. */
export function contradictingHeader(headers: MirroredHeaders, message: Message): string | null {
  if (
    headers.method !== undefined &&
    message.kind !== 'response' &&
    headers.method.trim() !== message.method
  ) {
    return 'Mcp-Method'
  }
  if (headers.name !== undefined && message.kind !== 'response') {
    const name = decodeHeaderValue(headers.name.trim())
    if (name === null || (namesSomething(message.method) && name !== message.name)) return 'Mcp-Name'
  }
  const { claimedVersion } = message
  const version = headers.protocolVersion?.trim()
  if (version !== undefined && claimedVersion !== null && version !== claimedVersion)
    return 'MCP-Protocol-Version'
  return null
}
