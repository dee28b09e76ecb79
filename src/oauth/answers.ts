import type { ServerResponse } from 'node:http'
import type { LibraryPages } from './interaction.ts'
import type { OauthEndpoint } from './request-state.ts'

/** Response fields: name, value … */
export type Fields = readonly string[]

/** Answers JSON that nobody may keep; null for no body. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: Readonly<Record<string, unknown>> | null,
): void {
  const text = body === null ? '' : JSON.stringify(body)
  const length = { 'Content-Length': String(Buffer.byteLength(text)) }
  const type = body === null ? {} : { 'Content-Type': 'application/json; charset=utf-8', ...length }
  response.writeHead(status, { 'Cache-Control': 'no-store', Pragma: 'no-cache', ...type })
  response.end(text)
}

/** Answers one of the pages. */
export function answerPage(
  response: ServerResponse,
  status: number,
  pages: LibraryPages,
  html: string,
): void {
  for (let index = 0; index + 1 < pages.fields.length; index += 2) {
    response.setHeader(pages.fields[index] ?? '', pages.fields[index + 1] ?? '')
  }
  response.writeHead(status, { 'Cache-Control': 'no-store', 'Content-Type': 'text/html; charset=utf-8' })
  response.end(html)
}

export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { Location: location, 'Cache-Control': 'no-store', 'Content-Length': '0' })
  response.end()
}

/** What an outage is answered with, never that anything presented were wrong. */
export const unavailable = {
  error: 'temporarily_unavailable',
  error_description: 'the authorization server cannot reach its store; try again soon',
} as const

export const retryAfterSeconds = 5

export function answerUnavailable(response: ServerResponse): void {
  response.setHeader('Retry-After', String(retryAfterSeconds))
  answerJson(response, 503, unavailable)
}

/** A budget is used up: a page where a person looks, else JSON. */
export function answerLimited(
  response: ServerResponse,
  seconds: number,
  endpoint: OauthEndpoint,
  pages: LibraryPages,
  requestId: string,
): void {
  response.setHeader('Retry-After', String(seconds))
  const message = `There were too many requests. Try again in ${seconds} s.`
  if (endpoint === 'device' || endpoint === 'authorize') {
    const code = 'rate_limited'
    return answerPage(response, 429, pages, pages.error({ code, message, requestId }))
  }
  answerJson(response, 429, { error: 'temporarily_unavailable', error_description: message })
}
