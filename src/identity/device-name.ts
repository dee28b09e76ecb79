/** The family of a browser and of its system: what stays the same through updates. */
export interface BrowserFamily {
  readonly browser: string | null
  readonly system: string | null
}

/** In this order: most browsers claim to be others, too. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\b(?:Edg|EdgA|EdgiOS|Edge)\//, 'Edge'],
  [/\b(?:OPR|OPT|OPX|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]

const systems: readonly (readonly [RegExp, string])[] = [
  [/\b(?:iPhone|iPod)\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac(?:intosh| OS X)\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/** Reads a `User-Agent`; null for what no pattern knows. Looks at the first 512 characters only. */
export function browserFamily(userAgent: string): BrowserFamily {
  const text = userAgent.slice(0, 512)
  const first = (known: typeof browsers) => known.find(([pattern]) => pattern.test(text))?.[1] ?? null
  return { browser: first(browsers), system: first(systems) }
}

/** What a session is called in the list of its owner, such as "Firefox on Linux". Never text of the browser's own. */
export function deviceName(userAgent: string): string {
  const { browser, system } = browserFamily(userAgent)
  return system === null ? (browser ?? 'Unknown browser') : `${browser ?? 'Unknown browser'} on ${system}`
}
