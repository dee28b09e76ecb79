import type { Config } from '../config/load.ts'
import { previewOf, privacyOf } from '../server/privacy-of.ts'
import { contractOf } from '../telemetry/privacy-contract.ts'
import type { ContractSettings, ContractSignal } from '../telemetry/privacy-contract.ts'
import type { PreviewedBytes } from '../telemetry/privacy-preview.ts'
import type { Command } from './command.ts'

export const privacyCommand: Command = {
  name: 'privacy',
  summary: 'Prints what is stated about your users, and where it may go with this configuration.',
  operands: [],
  flags: {
    preview: {
      summary: 'Prints the exact bytes each sink would send, for one made-up example of each signal.',
    },
    upstream: { summary: 'An MCP server; may be repeated.', value: 'NAME=URL', repeatable: true },
  },
  allOptions: true,
  async run({ config, surroundings, input, print }) {
    const loaded = config()
    const settings = privacyOf(loaded, surroundings)
    const attribution = loaded.settings['telemetry.attribution.mode']
    if (input.has('preview')) {
      const preview = await previewOf(loaded, surroundings)
      print(input.json ? JSON.stringify({ attribution, preview }) : previewText(preview, settings, loaded))
      return
    }
    const contract = contractOf(settings)
    if (input.json) print(JSON.stringify({ attribution, sinks: settings.on, signals: contract }))
    else print([...headText(settings, loaded), ...contract.flatMap(signalText)].join('\n'))
  },
}

function headText({ on, principal }: ContractSettings, { settings }: Config): string[] {
  const sinks = Object.entries(on).map(([sink, isOn]) => `${sink} ${isOn ? 'on' : 'off'}`)
  return [
    `Attribution is ${settings['telemetry.attribution.mode']}: a span carries ${principal.traces ?? 'nothing'} of a person, ` +
      `an analytics event ${principal.analytics ?? 'nothing'}; a metric never anything.`,
    `Sinks: ${sinks.join(', ')}.`,
    'Plain identity is in the audit log alone. What follows is what may go where; --preview shows what does.',
  ]
}

function signalText({ signal, sentence, identity, fields }: ContractSignal): string[] {
  const width = Math.max(...fields.map(({ field }) => field.length)) + 1
  return [
    '',
    `${signal}  (identity: ${identity})`,
    `  ${sentence}`,
    ...fields.map(({ field, kind, mayBeAbsent, goes }) => {
      const places = Object.entries(goes).flatMap(([sink, shape]) =>
        shape === null ? [] : `${sink}: ${shape}`,
      )
      const name = `${field}${mayBeAbsent ? '?' : ''}`.padEnd(width)
      return `    ${name}  ${kind.padEnd(10)}  ${places.length === 0 ? 'nowhere' : places.join(', ')}`
    }),
  ]
}

function previewText(preview: readonly PreviewedBytes[], settings: ContractSettings, config: Config): string {
  const bySignal = Map.groupBy(preview, ({ signal }) => signal)
  const sections = Array.from(bySignal, ([signal, shown]) => [
    '',
    signal,
    ...shown.map(({ sink, form, bytes }) => `  ${sink}${form === 'text' ? '' : ` (${form})`}: ${bytes}`),
  ])
  return [...headText(settings, config), ...sections.flat()].join('\n')
}
