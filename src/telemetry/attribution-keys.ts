import type { GlobalSettings } from '../config/options.ts'
import type { AttributionKey } from './attribution.ts'

/** The keys of all kept epochs, the current one first. A previous key is written `ID:SECRET`. */
export function attributionKeys(
  settings: Pick<
    GlobalSettings,
    'telemetry.attribution.key' | 'telemetry.attribution.keyId' | 'telemetry.attribution.previousKeys'
  >,
): AttributionKey[] {
  const secret = settings['telemetry.attribution.key']
  const current = secret === null ? [] : [{ id: settings['telemetry.attribution.keyId'], secret }]
  const previous = settings['telemetry.attribution.previousKeys'].map((entry) => {
    const colon = entry.indexOf(':')
    return { id: entry.slice(0, colon), secret: entry.slice(colon + 1) }
  })
  return [...current, ...previous]
}
