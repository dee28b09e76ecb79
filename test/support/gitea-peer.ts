import { startPlainOAuthPeer } from './plain-oauth-peer.ts'
import type { PlainOAuthDialect, PlainOAuthPeer, PlainOAuthPeerOptions } from './plain-oauth-peer.ts'

/** A Gitea server: its API is under `/api/v1`, and its token errors come with status 400. */
export function startGiteaPeer(options: PlainOAuthPeerOptions): Promise<PlainOAuthPeer> {
  return startPlainOAuthPeer(gitea, options)
}

const gitea: PlainOAuthDialect = {
  userPath: '/api/v1/user',
  emailsPath: '/api/v1/user/emails',
  scope: 'read:user',
  checkApi: ({ headers }) =>
    headers.accept === 'application/json' ? null : 'Accept is not application/json',
  badCode: {
    status: 400,
    json: { error: 'unauthorized_client', error_description: 'client is not authorized' },
  },
  badClient: { status: 400, json: { error: 'invalid_client', error_description: 'invalid client secret' } },
  showEmail: (entry, { id, login }) => ({ ...entry, user_id: id, username: login }),
}
