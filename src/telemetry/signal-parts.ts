import { clientFamilies, llmFamilies } from '../mcp/client-family.ts'
import { duration, oneOf } from './field.ts'
import { authMethods } from './vocabulary.ts'

export const callDuration = duration(
  [0.01, '<10ms'],
  [0.1, '10-100ms'],
  [1, '100ms-1s'],
  [10, '1-10s'],
  [60, '10-60s'],
  [Infinity, '>60s'],
)
export const lifetime = duration(
  [5, '<5s'],
  [60, '5-60s'],
  [600, '1-10m'],
  [3600, '10-60m'],
  [86_400, '1-24h'],
  [Infinity, '>24h'],
)

/** What every signal of a request says of its sender, without saying who it is. */
export const sender = {
  auth_mode: oneOf(...authMethods),
  client: oneOf(...clientFamilies),
  llm_family: oneOf(...llmFamilies),
}
