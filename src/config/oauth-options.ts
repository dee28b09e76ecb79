import { issuers } from './issuer-options.ts'
import { choice, flag, integer, list } from './option.ts'
import type { OptionTable } from './option.ts'
import { hostProblem } from './problems.ts'

/** The authorization server. */
export const oauthOptions = {
  'auth.issuers': issuers(
    'Issuers of others whose access tokens are accepted beside our own, each with the workspace of its callers.',
  ),
  'auth.registration.dynamic': flag('Whether clients may register themselves (RFC 7591).', true),
  'auth.registration.metadataDocuments': flag(
    'Whether a client may be named by the URL of its metadata document.',
    true,
  ),
  'auth.registration.metadataHosts': list(
    'Hosts such a document may come from; empty means all public ones.',
    'host names',
    hostProblem,
  ),
  'auth.registration.approval': choice(
    'Whether an administrator must approve a client before it may ask for consent.',
    ['none', 'required'] as const,
    'none',
  ),
  'auth.registration.unusedDays': integer(
    'Days after which a client that registered itself and was never used is forgotten.',
    30,
    1,
    3650,
  ),
  'auth.tokens.accessSeconds': integer('Seconds an access token lives.', 600, 1, 86_400),
  'auth.tokens.refreshDays': integer('Days a refresh token lives without being used.', 30, 1, 3650),
  'auth.tokens.refreshGraceSeconds': integer(
    'Seconds in which a refresh token may be used again, as after a lost answer.',
    30,
    0,
    600,
  ),
  'auth.tokens.deviceCodeMinutes': integer('Minutes a device code waits for its user.', 10, 1, 60),
  'auth.tokens.keyRotationDays': integer('Days after which a new key signs access tokens.', 90, 1, 3650),
} satisfies OptionTable
