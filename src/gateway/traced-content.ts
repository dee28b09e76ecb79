import { redactedContent } from '../telemetry/span-content.ts'
import type { CallRecord } from './call-record.ts'

/** The words of one call, held while it runs; only with `telemetry.traces.arguments`. */
export interface TracedContent {
  readonly body: Buffer
  /** The message that answered it, as text; null when there was none, or none small enough to look into. */
  answer: string | null
}

/** Arguments and result as a span may carry them: redacted, cut to size. Those of a batch are left out. */
export function contentOf({ content }: CallRecord): {
  arguments: string | undefined
  result: string | undefined
} {
  if (content === null) return { arguments: undefined, result: undefined }
  const params = member(parsed(content.body.toString('utf8')), 'params')
  return {
    arguments: shown(member(params, 'arguments')),
    result: shown(member(parsed(content.answer), 'result')),
  }
}

function shown(value: unknown): string | undefined {
  return value === undefined ? undefined : redactedContent(value)
}

function parsed(text: string | null): unknown {
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
