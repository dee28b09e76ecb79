import { redact } from './log.ts'

/** The most characters of arguments or of a result that a span carries. */
export const longestContent = 4096
const longestText = 1024
const mostNodes = 1000
const deepest = 12
const hidden = '[redacted]'

/** Keys whose values are secrets wherever they stand; matched without punctuation and letter case. */
const secretKey =
  /pass(?:word|wd|phrase|code)|^pass$|^pw$|^pwd$|secret|token|credential|authori[sz]ation|^auth$|authheader|authdata|apikey|accesskey|privatekey|signingkey|encryptionkey|keymaterial|^key$|cookie|session|bearer|jwt|signature|^sig$|^otp$|^pin$|^cvv|^cvc|^ssn$|cardnumber|connectionstring|^dsn$|^salt$|^nonce$/

/** Shapes of credentials inside texts, besides those every log line is cleaned of. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, hidden],
  [
    /((?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credential|authorization|api[_-]?key|access[_-]?key|private[_-]?key|cookie|session(?:[_-]?id)?|signature)[\w-]*["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&}]+)/gi,
    `$1${hidden}`,
  ],
  [
    /\b(?:sk|pk|rk|gh[opsur]|github_pat|glpat|xox[abeprs]|AKIA|ASIA|AIza|npm|dop_v1|hf|shpat)[-_]?[A-Za-z0-9_-]{12,}/g,
    hidden,
  ],
  // Whatever is this long and unbroken is a key, a hash or a blob; no word is.
  [/[A-Za-z0-9+/_=-]{32,}/g, hidden],
]

/**
 * Tool arguments or a result as a span may carry them: by opt-in only, with everything that is or looks like a
 * credential taken out at any depth, and cut to size. Best effort by nature, which is why it is off by default.
 */
export function redactedContent(value: unknown): string {
  const text = JSON.stringify(clean(value, 0, { left: mostNodes })) ?? ''
  return text.length <= longestContent ? text : `${text.slice(0, longestContent - 1)}…`
}

interface Budget {
  left: number
}

function clean(value: unknown, depth: number, budget: Budget): unknown {
  budget.left -= 1
  if (typeof value === 'string') {
    budget.left -= Math.min(value.length, longestText) / 64
    return cleanText(value, depth, budget)
  }
  if (value === null || typeof value !== 'object') return value
  if (depth >= deepest || budget.left <= 0) return '…'
  if (Array.isArray(value)) {
    const items: unknown[] = []
    for (const item of value as unknown[]) {
      if (budget.left <= 0) break
      items.push(clean(item, depth + 1, budget))
    }
    return items
  }
  const members: [string, unknown][] = []
  for (const [key, member] of Object.entries(value)) {
    if (budget.left <= 0) break
    members.push([cleanShapes(cut(key)), isSecretKey(key) ? hidden : clean(member, depth + 1, budget)])
  }
  return Object.fromEntries(members)
}

function isSecretKey(key: string): boolean {
  return secretKey.test(key.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase())
}

/** A text that is JSON itself, as tools like to answer, is looked through as such. */
function cleanText(text: string, depth: number, budget: Budget): unknown {
  if (/^\s*[[{]/.test(text) && text.length <= 65_536 && depth < deepest) {
    try {
      return clean(JSON.parse(text), depth + 1, budget)
    } catch {
      return cleanShapes(cut(text))
    }
  }
  return cleanShapes(cut(text))
}

function cleanShapes(text: string): string {
  let result = redact(text)
  for (const [shape, replacement] of shapes) result = result.replace(shape, replacement)
  return result
}

/** Cut at a space, so that no half of a credential is left whose shape nobody knows. */
function cut(text: string): string {
  if (text.length <= longestText) return text
  return `${text.slice(0, longestText).replace(/\S*$/, '')}…`
}
