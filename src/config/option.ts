/** What parsing one raw value answers: the value, or what is wrong with it, in words that follow the key's name. */
export type Parsed<Value> =
  | { readonly value: Value }
  | { readonly problem: string }
  /** Of a list of records: what is wrong with each, by its place. */
  | { readonly itemProblems: readonly ItemProblem[] }

export interface ItemProblem {
  /** From 0. */
  readonly item: number
  readonly problem: string
}

/**
 * One row of the table of options. From it come the YAML key, the variable, the flag, the default, the validation,
 * `--help` and the reference page.
 */
export interface Option<Value> {
  readonly parse: (raw: unknown) => Parsed<Value>
  readonly fallback: Value
  readonly summary: string
  /** What a value looks like, for the reference: `URL`, `integer`, `a | b`. */
  readonly shape: string
  /** The flag without dashes, when it is not the key in kebab case. */
  readonly flag?: string
  /** Never printed; may also come from a file, by the variable with `_FILE` behind it. */
  readonly secret?: boolean
  /** How the default reads in the reference when it is not the value itself. */
  readonly fallbackText?: string
}

type Extras<Value> = Partial<Pick<Option<Value>, 'flag' | 'secret' | 'fallbackText'>>

/** Text; `check` answers what is wrong with it, or null. */
export function text<Value extends string | null>(
  summary: string,
  fallback: Value,
  shape: string,
  check: (value: string) => string | null = () => null,
  extras: Extras<string | Value> = {},
): Option<string | Value> {
  return {
    summary,
    fallback,
    shape,
    ...extras,
    parse(raw) {
      if (typeof raw !== 'string' && typeof raw !== 'number') return { problem: `must be ${shape}` }
      const value = String(raw).trim()
      if (value === '') return { problem: `must be ${shape}, and is empty` }
      const problem = check(value)
      return problem === null ? { value } : { problem }
    },
  }
}

/** A whole number from `least` to `most`. */
export function integer(
  summary: string,
  fallback: number,
  least: number,
  most: number,
  extras: Extras<number> = {},
): Option<number> {
  const shape = `a whole number from ${least} to ${most}`
  return {
    summary,
    fallback,
    shape,
    ...extras,
    parse(raw) {
      const value = typeof raw === 'string' && /^\s*\d{1,15}\s*$/.test(raw) ? Number(raw) : raw
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      return fits ? { value } : { problem: `must be ${shape}` }
    },
  }
}

/** A share of a whole, from 0 to 1. */
export function ratio(summary: string, fallback: number, extras: Extras<number> = {}): Option<number> {
  const shape = 'a number from 0 to 1'
  return {
    summary,
    fallback,
    shape,
    ...extras,
    parse(raw) {
      const value = typeof raw === 'string' && /^\s*(?:\d+(?:\.\d+)?|\.\d+)\s*$/.test(raw) ? Number(raw) : raw
      return typeof value === 'number' && value >= 0 && value <= 1
        ? { value }
        : { problem: `must be ${shape}` }
    },
  }
}

/** `true` or `false`, in any letter case. */
export function flag(summary: string, fallback: boolean, extras: Extras<boolean> = {}): Option<boolean> {
  return {
    summary,
    fallback,
    shape: 'true | false',
    ...extras,
    parse(raw) {
      const value = typeof raw === 'string' ? raw.trim().toLowerCase() : raw
      if (value === true || value === 'true') return { value: true }
      if (value === false || value === 'false') return { value: false }
      return { problem: 'must be true or false' }
    },
  }
}

/** One of a closed list; trimmed and in any letter case. */
export function choice<const Value extends string>(
  summary: string,
  values: readonly Value[],
  fallback: NoInfer<Value>,
  extras: Extras<Value> = {},
): Option<Value> {
  const shape = values.join(' | ')
  return {
    summary,
    fallback,
    shape,
    ...extras,
    parse(raw) {
      const word = typeof raw === 'string' ? raw.trim().toLowerCase() : null
      const value = values.find((known) => known === word)
      return value === undefined ? { problem: `must be one of ${shape}` } : { value }
    },
  }
}

/** Some of a closed list; trimmed and in any letter case. */
export function choices<const Value extends string>(
  summary: string,
  values: readonly Value[],
  extras: Extras<readonly Value[]> = {},
): Option<readonly Value[]> {
  const shape = values.join(' | ')
  const known = (word: string) => values.find((value) => value === word.toLowerCase())
  const words = list(summary, shape, (word) =>
    known(word) === undefined ? `is none of ${values.join(', ')}` : null,
  )
  return {
    ...words,
    fallback: [],
    ...extras,
    parse(raw) {
      const parsed = words.parse(raw)
      if (!('value' in parsed)) return parsed
      return { value: [...new Set(parsed.value.flatMap((word) => known(word) ?? []))] }
    },
  }
}

/** A list of texts: a YAML sequence, or comma-separated in a variable or flag. */
export function list(
  summary: string,
  shape: string,
  check: (value: string) => string | null = () => null,
  extras: Extras<readonly string[]> = {},
): Option<readonly string[]> {
  return {
    summary,
    fallback: [],
    shape: `list of ${shape}`,
    ...extras,
    parse(raw) {
      const items = typeof raw === 'string' ? raw.split(',') : raw
      if (!Array.isArray(items)) return { problem: `must be a list of ${shape}` }
      const value: string[] = []
      for (const item of items as unknown[]) {
        const word = typeof item === 'string' || typeof item === 'number' ? String(item).trim() : ''
        if (word === '') {
          if (typeof raw === 'string') continue
          return { problem: `must be a list of ${shape}` }
        }
        const problem = check(word)
        const shown = extras.secret === true ? 'an entry' : JSON.stringify(word)
        if (problem !== null) return { problem: `has ${shown}, which ${problem}` }
        if (!value.includes(word)) value.push(word)
      }
      return { value }
    },
  }
}

/** A table of options for one record, such as one upstream. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>
export type Settings<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value> ? Value : never
}

const placeholder = /\$\{[^}]*\}|^<[^<>]*>$|\{\{.*\}\}/

/** Whether somebody copied a template and did not fill it in: `${X}`, `<X>`, `{{X}}`. */
export function isPlaceholder(raw: unknown): boolean {
  return typeof raw === 'string' && placeholder.test(raw.trim())
}
