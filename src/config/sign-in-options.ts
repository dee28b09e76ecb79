import { choice, flag, integer, list, text } from './option.ts'
import type { OptionTable } from './option.ts'
import {
  directoryIdProblem,
  domainProblem,
  headerValueProblem,
  publicUrlProblem,
  scopeProblem,
  secretProblem,
  workspaceProblem,
} from './problems.ts'

/** Who signs people in. Each needs its own section, `local` excepted. */
const providerNames = ['local', 'http_api', 'github', 'gitea', 'gitlab', 'microsoft', 'oidc'] as const

const providerProblem = (word: string) =>
  (providerNames as readonly string[]).includes(word) ? null : `is none of ${providerNames.join(', ')}`

const clientId = (of: string) =>
  text(`Client id registered at ${of}.`, null, 'a client id', headerValueProblem)
const clientSecret = (of: string) =>
  text(`Client secret registered at ${of}.`, null, 'a secret', headerValueProblem, { secret: true })

/** How people sign in, and how long a browser stays signed in. */
export const signInOptions = {
  'auth.providers': list(
    'Who signs people in, in the order of the buttons; empty means local.',
    'providers',
    providerProblem,
  ),
  'auth.signUpWorkspace': text(
    'Workspace in which an unknown person whom a provider vouches for gets an account; without it they are refused.',
    null,
    'a workspace name',
    workspaceProblem,
  ),
  'auth.signUpDomains': list(
    'Domains of verified e-mail addresses that may sign up, each exactly; empty means everybody may.',
    'domains',
    domainProblem,
  ),
  'auth.linkByEmail': flag(
    'Whether a provider account is linked to the account here with the same verified e-mail address.',
    false,
  ),
  'auth.httpApi.url': text(
    'Where the address and password of a sign-in are posted.',
    null,
    'a URL',
    publicUrlProblem,
  ),
  'auth.httpApi.auth': choice(
    'How we show who we are there: not at all, by the secret as a Bearer token, or by an HMAC over the request.',
    ['none', 'simple', 'hmac'] as const,
    'none',
  ),
  'auth.httpApi.secret': text('That secret.', null, 'a secret', secretProblem, { secret: true }),
  'auth.github.url': text(
    'GitHub, or an Enterprise server.',
    'https://github.com',
    'a URL',
    publicUrlProblem,
  ),
  'auth.github.apiUrl': text('Its API.', null, 'a URL', publicUrlProblem, {
    fallbackText: 'https://api.github.com; of an Enterprise server, its URL with /api/v3',
  }),
  'auth.github.clientId': clientId('GitHub'),
  'auth.github.clientSecret': clientSecret('GitHub'),
  'auth.gitea.url': text('The Gitea or Forgejo server.', null, 'a URL', publicUrlProblem),
  'auth.gitea.clientId': clientId('Gitea'),
  'auth.gitea.clientSecret': clientSecret('Gitea'),
  'auth.gitlab.url': text(
    'GitLab, or a server of your own.',
    'https://gitlab.com',
    'a URL',
    publicUrlProblem,
  ),
  'auth.gitlab.clientId': clientId('GitLab'),
  'auth.gitlab.clientSecret': clientSecret('GitLab'),
  'auth.microsoft.url': text(
    'The Microsoft sign-in service.',
    'https://login.microsoftonline.com',
    'a URL',
    publicUrlProblem,
  ),
  'auth.microsoft.tenant': text(
    'Id of the one directory (tenant) whose people may sign in.',
    null,
    'a directory id',
    directoryIdProblem,
  ),
  'auth.microsoft.clientId': clientId('Microsoft'),
  'auth.microsoft.clientSecret': clientSecret('Microsoft'),
  'auth.oidc.issuer': text(
    'Issuer of an OpenID Connect provider; discovery tells the rest.',
    null,
    'a URL',
    publicUrlProblem,
  ),
  'auth.oidc.clientId': clientId('that provider'),
  'auth.oidc.clientSecret': clientSecret('that provider'),
  'auth.oidc.scopes': list(
    'Scopes asked of it besides openid; empty means profile and email.',
    'scopes',
    scopeProblem,
  ),
  'auth.oidc.label': text('What its button says after "Sign in with".', 'your company', 'a name'),
  'auth.sessions.idleMinutes': integer(
    'Minutes without a request after which a login session ends.',
    120,
    1,
    43_200,
  ),
  'auth.sessions.maxHours': integer('Hours after which a login session ends at the latest.', 24, 1, 8760),
  'auth.sessions.rememberedIdleDays': integer('The same for "remember me": idle days.', 14, 1, 365),
  'auth.sessions.rememberedMaxDays': integer('The same for "remember me": days at the latest.', 30, 1, 3650),
} satisfies OptionTable
