import { logLevels } from '../config/log-level.ts'
import type { LogLevel } from '../config/log-level.ts'
import type { Clock } from '../lib/clock.ts'

/**
 * The only fields a log line may carry. There is none for a token, a header, a query string or a person: what is
 * not declared here cannot be logged (T7, T45). `detail` is free text from our own code or an error, redacted.
 */
export interface LogFields {
  readonly requestId?: string
  readonly route?: string
  readonly method?: string
  readonly status?: number
  readonly reason?: string
  readonly upstream?: string
  /** Public id of an API key; on key-lifecycle lines only. */
  readonly keyId?: string
  readonly seconds?: number
  readonly count?: number
  readonly code?: string
  readonly url?: string
  readonly detail?: string
}

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** One JSON object per line: `{"time","level","message",…}`. */
export function createLog(level: LogLevel, clock: Clock, write: (line: string) => void): Log {
  const least = logLevels.indexOf(level)
  const at = (name: Exclude<LogLevel, 'silent'>) => {
    if (logLevels.indexOf(name) < least) return () => {}
    return (message: string, fields?: LogFields) => {
      const line = { time: new Date(clock.now()).toISOString(), level: name, message, ...fields }
      write(`${redact(JSON.stringify(line))}\n`)
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const secretShapes: readonly (readonly [RegExp, string])[] = [
  [/sp_[0-9A-Za-z]{12}_[0-9A-Za-z]+/g, 'sp_[redacted]'],
  [/\b(bearer|basic)\s+[^\s"\\]+/gi, '$1 [redacted]'],
  [/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, '[redacted]'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"\\]*:)[^\s@"\\]+@/gi, '$1[redacted]@'],
  [/([?&][^=\s"\\&]+=)[^\s"\\&]+/g, '$1[redacted]'],
]

/** The second line of defence: whatever looks like a credential, wherever it came from, is taken out. */
export function redact(text: string): string {
  let clean = text
  for (const [shape, replacement] of secretShapes) clean = clean.replace(shape, replacement)
  return clean
}
