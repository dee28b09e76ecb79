import { isPlaceholder, text } from './option.ts'
import type { ItemProblem, Option, OptionTable, Parsed, Settings } from './option.ts'
import { issuerProblem, jwksUriProblem, workspaceProblem } from './problems.ts'

/** The options of one entry of `auth.issuers`. */
const issuerOptions = {
  issuer: text('Its `iss`, exactly.', null, 'a URL', issuerProblem),
  audience: text('The `aud` its tokens must have.', null, 'an audience'),
  jwksUri: text('Where its public keys are.', null, 'a URL', jwksUriProblem),
  workspaceClaim: text('The claim that names the workspace.', null, 'the name of a claim'),
  workspace: text('The one workspace of all its users.', null, 'a workspace name', workspaceProblem),
  scopesClaim: text('The claim with the scopes; scope or scp when absent.', null, 'the name of a claim'),
} satisfies OptionTable

type IssuerSettings = Settings<typeof issuerOptions>

/** An issuer of others whose access tokens are accepted beside our own. */
export interface ExternalIssuer {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  /** Where the workspace of a caller comes from: a claim of the token, or one for all of them. */
  readonly workspace: { readonly claim: string } | { readonly name: string }
  /** Null where the usual ones are looked for. */
  readonly scopesClaim: string | null
}

/** `auth.issuers`: a YAML list of records; in a variable or flag the same as JSON. */
export function issuers(summary: string): Option<readonly ExternalIssuer[]> {
  return {
    summary,
    fallback: [],
    shape: 'list of { issuer, audience, jwksUri, workspaceClaim | workspace, scopesClaim }',
    parse(raw) {
      const items = typeof raw === 'string' ? parseJson(raw) : raw
      if (!Array.isArray(items)) return { problem: 'must be a list of issuers (as JSON in a variable)' }
      const found = (items as unknown[]).map((item, place) => readIssuer(item, place))
      const itemProblems = found.flatMap((one) => ('itemProblems' in one ? one.itemProblems : []))
      const value = found.flatMap((one) => ('value' in one ? one.value : []))
      for (const [item, { issuer }] of value.entries()) {
        if (value.findIndex((other) => other.issuer === issuer) !== item)
          itemProblems.push({ item, problem: `${issuer} is there twice` })
      }
      return itemProblems.length > 0 ? { itemProblems } : { value }
    },
  }
}

function parseJson(textOf: string): unknown {
  try {
    return JSON.parse(textOf)
  } catch {
    return null
  }
}

type ReadIssuer = { readonly value: ExternalIssuer } | { readonly itemProblems: readonly ItemProblem[] }

function readIssuer(raw: unknown, item: number): ReadIssuer {
  const problems: string[] = []
  const fields = raw !== null && typeof raw === 'object' && !Array.isArray(raw) ? Object.entries(raw) : null
  if (fields === null) return { itemProblems: [{ item, problem: 'must be a record' }] }
  const settings: Record<string, unknown> = {}
  for (const [key, option] of Object.entries<Option<unknown>>(issuerOptions)) settings[key] = option.fallback
  for (const [key, value] of fields) {
    const option = (issuerOptions as Readonly<Record<string, Option<unknown>>>)[key]
    if (option === undefined || !Object.hasOwn(issuerOptions, key)) {
      problems.push(`${key}: is no option of an issuer`)
      continue
    }
    const parsed: Parsed<unknown> = isPlaceholder(value)
      ? { problem: 'still holds a placeholder: fill it in' }
      : option.parse(value)
    if ('value' in parsed) settings[key] = parsed.value
    else if ('problem' in parsed) problems.push(`${key}: ${parsed.problem}`)
  }
  const read = wholeIssuer(settings as IssuerSettings, (key) => fields.some(([given]) => given === key))
  if ('value' in read && problems.length === 0) return read
  const all = [...problems, ...('problems' in read ? read.problems : [])]
  return { itemProblems: all.map((problem) => ({ item, problem })) }
}

/** What is wrong with an entry as a whole; `isGiven` tells a wrong value, complained of already, from none. */
function wholeIssuer(
  { issuer, audience, jwksUri, workspaceClaim, workspace, scopesClaim }: IssuerSettings,
  isGiven: (key: string) => boolean,
): { readonly value: ExternalIssuer } | { readonly problems: readonly string[] } {
  const problems: string[] = []
  if (!isGiven('issuer')) problems.push('issuer: is missing')
  if (!isGiven('audience'))
    problems.push('audience: is missing; without it a token made for any other server would be accepted here')
  if (!isGiven('jwksUri')) problems.push('jwksUri: is missing')
  const mapped = [workspaceClaim, workspace].filter((value) => value !== null)
  if (!isGiven('workspaceClaim') && !isGiven('workspace'))
    problems.push(
      'workspaceClaim: is missing; name the claim with the workspace, or set workspace to one for all',
    )
  if (mapped.length === 2) problems.push('workspace: is set, and so is workspaceClaim; keep one')
  if (problems.length > 0 || issuer === null || audience === null || jwksUri === null) return { problems }
  const source =
    workspace === null ? (workspaceClaim === null ? null : { claim: workspaceClaim }) : { name: workspace }
  return source === null
    ? { problems }
    : { value: { issuer, audience, jwksUri, workspace: source, scopesClaim } }
}
