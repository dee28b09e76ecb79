import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import { readForm } from './form-body.ts'
import type { Form } from './form-body.ts'
import type { FormTokens } from './form-token.ts'
import { isFromOurPage } from './own-origin.ts'
import type { Site } from './site.ts'

export interface OwnFormParts {
  readonly site: Site
  readonly tokens: FormTokens
}

/** The forms there are: a token of one is no token of another. */
export type FormPurpose = 'sign-in' | 'account' | `consent ${string}`

/**
 * Reads a form that a page of ours made for this very browser; anything else is `csrf_failed`. `binding` is the value
 * of the cookie it was made for; null when there is none.
 */
export async function readOwnForm(
  received: Received,
  { site, tokens }: OwnFormParts,
  purpose: FormPurpose,
  binding: string | null,
  several: readonly string[] = [],
): Promise<Form | Refusal> {
  if (!isFromOurPage(received, site)) return { refused: 'csrf_failed', detail: 'sent from another site' }
  const form = await readForm(received, several)
  if ('refused' in form) return form
  if (binding === null) return { refused: 'csrf_failed', detail: 'no cookie' }
  return tokens.check(form.text('token'), purpose, binding)
    ? form
    : { refused: 'csrf_failed', detail: 'wrong token' }
}
