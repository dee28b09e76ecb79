import { startPlainOAuthPeer } from './plain-oauth-peer.ts'
import type { PlainOAuthDialect, PlainOAuthPeer, PlainOAuthPeerOptions } from './plain-oauth-peer.ts'

/** A GitHub Enterprise server: its API is under `/api/v3`, and its token errors come with status 200. */
export function startGithubPeer(options: PlainOAuthPeerOptions): Promise<PlainOAuthPeer> {
  return startPlainOAuthPeer(github, options)
}

const github: PlainOAuthDialect = {
  userPath: '/api/v3/user',
  emailsPath: '/api/v3/user/emails',
  scope: 'user:email',
  checkApi({ headers }) {
    if (headers.accept !== 'application/vnd.github+json') return 'Accept is not application/vnd.github+json'
    if (headers['x-github-api-version'] !== '2022-11-28') return 'no X-GitHub-Api-Version'
    return (headers['user-agent'] ?? '') === '' ? 'GitHub refuses requests without User-Agent' : null
  },
  badCode: {
    status: 200,
    json: {
      error: 'bad_verification_code',
      error_description: 'The code passed is incorrect or expired.',
      error_uri: 'https://docs.github.com/',
    },
  },
  badClient: {
    status: 200,
    json: { error: 'incorrect_client_credentials', error_description: 'The client_id is not correct.' },
  },
  showEmail: (entry) => ({ ...entry, visibility: entry.primary ? 'private' : null }),
}
