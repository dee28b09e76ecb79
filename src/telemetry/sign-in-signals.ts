import { oneOf } from './field.ts'
import { callDuration, lifetime, sender } from './signal-parts.ts'
import {
  actors,
  clientOrigins,
  consentFlows,
  deviceCodeOutcomes,
  grantTypes,
  keyEndReasons,
  loginEndReasons,
  loginOutcomes,
  loginProviders,
  refreshOutcomes,
  tokenEndReasons,
  tokenTypes,
} from './vocabulary.ts'

/** What is stated of sign-in, sessions, keys, consents, clients and tokens: a part of the one catalogue (`signals.ts`). */
export const signInSignals = {
  login: {
    sentence: 'Somebody has tried to sign in, and a provider has answered.',
    identity: 'never',
    analytics: true,
    gathered: ['provider', 'outcome'],
    fields: {
      provider: oneOf(...loginProviders),
      outcome: oneOf(...loginOutcomes),
      /** From the moment the provider was asked. */
      duration: callDuration,
      ...sender,
    },
  },
  login_session_started: {
    sentence: 'A login session has begun: its row is committed.',
    identity: 'never',
    fields: { provider: oneOf(...loginProviders) },
  },
  login_session_ended: {
    sentence: 'A login session has ended; said once, by whoever ended it.',
    identity: 'never',
    fields: { reason: oneOf(...loginEndReasons), duration: lifetime },
  },
  consent_granted: {
    sentence: 'A user has let a client act for them.',
    identity: 'never',
    analytics: true,
    fields: { flow: oneOf(...consentFlows) },
  },
  consent_revoked: {
    sentence: 'A client may no longer act for a user.',
    identity: 'never',
    analytics: true,
    fields: { actor: oneOf(...actors) },
  },
  key_created: {
    sentence: 'An API key has been made.',
    identity: 'never',
    analytics: true,
    fields: { actor: oneOf(...actors) },
  },
  key_revoked: {
    sentence: 'An API key has stopped working.',
    identity: 'never',
    analytics: true,
    fields: { actor: oneOf(...actors), reason: oneOf(...keyEndReasons) },
  },
  client_registered: {
    sentence: 'An OAuth client has been registered.',
    identity: 'never',
    analytics: true,
    gathered: ['status', 'origin'],
    fields: { status: oneOf('pending', 'active'), origin: oneOf(...clientOrigins) },
  },
  token_issued: {
    sentence: 'The authorization server has issued a token.',
    identity: 'never',
    fields: { token_type: oneOf(...tokenTypes), grant_type: oneOf(...grantTypes) },
  },
  token_refreshed: {
    sentence: 'A client has presented a refresh token.',
    identity: 'never',
    fields: { outcome: oneOf(...refreshOutcomes) },
  },
  token_revoked: {
    sentence: 'Tokens of one consent, or one token, no longer work.',
    identity: 'never',
    fields: { reason: oneOf(...tokenEndReasons) },
  },
  device_code_changed: {
    sentence: 'A device code has been issued, decided, redeemed, or has run out.',
    identity: 'never',
    fields: { outcome: oneOf(...deviceCodeOutcomes) },
  },
} as const
