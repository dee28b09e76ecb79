/** One thing `doctor` looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly what: string
  readonly fix?: string
}
