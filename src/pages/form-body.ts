import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'

const mostBytes = 16_384
const mostFields = 400

/** The fields of a form. One that may be there once is refused twice: two readers could take another one each. */
export interface Form {
  /** '' when it is not there. */
  text(name: string): string
  /** Every value of a field that is a choice of several. */
  all(name: string): readonly string[]
}

/** Reads a form's body: urlencoded, at most 16 KiB, UTF-8. `several` names the fields that may repeat. */
export async function readForm(
  { request, head }: Received,
  several: readonly string[] = [],
): Promise<Form | Refusal> {
  const [essence = ''] = (head.contentType ?? '').split(';', 1)
  if (essence.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    return { refused: 'unsupported_media_type', hint: 'a form is application/x-www-form-urlencoded' }
  if (head.contentEncoding !== undefined && head.contentEncoding.trim().toLowerCase() !== 'identity')
    return { refused: 'content_encoding' }
  const body = await readBody(request)
  if (!Buffer.isBuffer(body)) return body
  return parseForm(body, several)
}

/** Exported for its tests. */
export function parseForm(body: Buffer, several: readonly string[]): Form | Refusal {
  const fields = new Map<string, string[]>()
  for (const [place, part] of body.toString('latin1').split('&').entries()) {
    if (part === '') continue
    if (place >= mostFields) return { refused: 'body_too_large', hint: `${mostFields} fields` }
    const sign = part.indexOf('=')
    const name = decode(sign === -1 ? part : part.slice(0, sign))
    const value = decode(sign === -1 ? '' : part.slice(sign + 1))
    if (name === null || value === null) return { refused: 'invalid_utf8' }
    const known = fields.get(name)
    if (known === undefined) fields.set(name, [value])
    else if (several.includes(name)) known.push(value)
    else return { refused: 'ambiguous_key', hint: name.slice(0, 100) }
  }
  return { text: (name) => fields.get(name)?.[0] ?? '', all: (name) => fields.get(name) ?? [] }
}

/** Percent-decoding to the very bytes, then strict UTF-8 (`URLSearchParams` would put U+FFFD for what is none). */
function decode(text: string): string | null {
  const plain = text.replaceAll('+', ' ')
  if (/%(?![0-9a-f]{2})/i.test(plain)) return null
  const bytes = Buffer.from(
    plain.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}

function readBody(request: IncomingMessage): Promise<Buffer | Refusal> {
  const tooLarge: Refusal = { refused: 'body_too_large', hint: `${mostBytes} bytes` }
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return Promise.resolve(tooLarge)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > mostBytes) {
        request.off('data', onData).pause()
        resolve(tooLarge)
      } else chunks.push(chunk)
    }
    request.on('data', onData)
    // Whatever happens first decides: what comes after it resolves nothing.
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('close', () =>
      resolve({ refused: 'body_missing', detail: 'the client closed before its form was complete' }),
    )
  })
}
