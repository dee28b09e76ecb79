import type { ServerResponse } from 'node:http'
import type { ConsentRequest, Interactions } from '../../src/oauth/interaction.ts'

/** An authorization request that a test lets wait. */
export interface WaitingAuthorization {
  readonly uid: string
  readonly request: ConsentRequest
  readonly redirectUri: string
  /** Who has signed in for it. */
  userId: string | null
  /** What came of it. */
  answer: { readonly workspace: string } | 'denied' | null
}

/** Stands for the authorization server where only the pages are looked at: one request, answered once. */
export function waitingAuthorizations(): {
  readonly interactions: { -readonly [Name in keyof Interactions]: Interactions[Name] }
  add(waiting: Pick<WaitingAuthorization, 'uid' | 'request' | 'redirectUri'>): WaitingAuthorization
} {
  const waiting = new Map<string, WaitingAuthorization>()
  const uidOf = (url: string | undefined) => (url ?? '').split('?')[0]?.split('/').at(-1) ?? ''
  const open = (url: string | undefined) => {
    const found = waiting.get(uidOf(url))
    return found === undefined || found.answer !== null ? null : found
  }
  const sendTo = (response: ServerResponse, location: string) => {
    response.writeHead(303, { Location: location, 'Content-Length': '0' })
    response.end()
    return Promise.resolve()
  }
  return {
    add(more) {
      const added: WaitingAuthorization = { ...more, userId: null, answer: null }
      waiting.set(more.uid, added)
      return added
    },
    interactions: {
      async find(request) {
        const found = open(request.url)
        if (found === null) return null
        if (found.userId === null) return { waitsFor: 'login' }
        return { waitsFor: 'consent', request: found.request, userId: found.userId }
      },
      async describe(uid) {
        const found = open(uid)
        return found === null
          ? null
          : { clientName: found.request.client.name, formAction: found.request.formAction }
      },
      async signedIn(request, response, { userId }) {
        const found = open(request.url)
        if (found !== null) found.userId = userId
        return sendTo(response, request.url ?? '')
      },
      async allow(request, response, _, choice) {
        const found = open(request.url)
        if (found !== null) found.answer = choice
        return sendTo(response, `${found?.redirectUri ?? ''}?code=given&iss=here`)
      },
      async deny(request, response) {
        const found = open(request.url)
        if (found !== null) found.answer = 'denied'
        return sendTo(response, `${found?.redirectUri ?? ''}?error=access_denied`)
      },
    },
  }
}
