import type { Config } from '../config/load.ts'
import { isOptedOut, launchFacts, releasedVersion } from '../telemetry/install-facts.ts'
import type { InstallId } from '../telemetry/install-id.ts'
import { installationType } from '../telemetry/installation-type.ts'
import type { ContractSettings } from '../telemetry/privacy-contract.ts'
import { previewSinks } from '../telemetry/privacy-preview.ts'
import type { PreviewedBytes, PreviewedSinks } from '../telemetry/privacy-preview.ts'
import { attributionOf } from './analytics-of.ts'
import type { Surroundings } from './surroundings.ts'

/** What a configuration makes of the privacy contract. */
export function privacyOf(config: Config, surroundings: Surroundings): ContractSettings {
  const { settings } = config
  const mode = settings['telemetry.attribution.mode']
  const hash = mode !== 'off' && settings['telemetry.attribution.key'] !== null ? 'hash' : null
  const sinks = sinksOf(config, surroundings)
  return {
    on: {
      metrics: sinks.metrics,
      traces: sinks.traces !== null,
      analytics: sinks.analytics !== null,
      audit: sinks.audit !== 'off',
      log: settings['log.level'] !== 'silent',
    },
    principal: { traces: mode === 'id' ? 'id' : hash, analytics: hash },
    discloses: disclosureOf(config),
  }
}

/** The bytes that this configuration would send of one made-up example of each signal. Opens and writes nothing. */
export function previewOf(config: Config, surroundings: Surroundings): Promise<PreviewedBytes[]> {
  return previewSinks({
    sinks: sinksOf(config, surroundings),
    attribution: attributionOf(config.settings),
    upstreams: config.upstreams,
  })
}

function sinksOf(config: Config, { version: built, host }: Surroundings): PreviewedSinks {
  const { settings } = config
  const sends = settings['telemetry.analytics.endpoint'] !== null
  const version = releasedVersion(built.version, host?.inCheckout ?? false)
  const common =
    host === undefined || !sends || isOptedOut(host.environment)
      ? null
      : ({
          version,
          transport: 'http',
          install_id: '0'.repeat(32) as InstallId,
          installation_type: installationType(
            new URL(settings.publicUrl ?? 'http://127.0.0.1'),
            settings['telemetry.cloudHosts'],
          ),
          ...launchFacts('main', host),
        } as const)
  return {
    metrics: settings['telemetry.metrics.enabled'],
    audit: settings['telemetry.audit.calls'],
    analytics: common === null ? null : { format: settings['telemetry.analytics.format'], common },
    traces:
      settings['telemetry.traces.endpoint'] === null
        ? null
        : {
            protocol: settings['telemetry.traces.protocol'],
            discloses: disclosureOf(config),
            version: built.version,
          },
  }
}

function disclosureOf({ settings }: Config): ContractSettings['discloses'] {
  return {
    details: settings['telemetry.traces.details'],
    contents: settings['telemetry.traces.arguments'],
    clientAddress: settings['telemetry.traces.clientAddress'],
  }
}
