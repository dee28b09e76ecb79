import type { Received } from '../gateway/received.ts'

/** Answers with one small body of our own. `HEAD` gets the same head. */
export function answerPlainly(
  { response, head, requestId, cors }: Received,
  status: number,
  contentType: string,
  body: string,
  cacheControl = 'no-store',
): null {
  const bytes = Buffer.from(body)
  response.writeHead(status, [
    'Content-Type',
    contentType,
    'Content-Length',
    String(bytes.length),
    'Cache-Control',
    cacheControl,
    'X-Content-Type-Options',
    'nosniff',
    'X-Request-Id',
    requestId,
    ...cors,
  ])
  response.end(head.method === 'HEAD' ? undefined : bytes)
  return null
}
