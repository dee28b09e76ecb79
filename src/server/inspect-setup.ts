import { existsSync } from 'node:fs'
import { isLoopbackHost } from '../config/address.ts'
import type { Config } from '../config/load.ts'
import type { UpstreamSettings } from '../config/upstream-options.ts'
import { Failure } from '../lib/error.ts'
import { systemFetch } from '../lib/fetch.ts'
import { openStore } from '../storage/open-store.ts'
import { probeUpstream } from '../upstreams/probe.ts'
import type { Finding } from './finding.ts'
import { inspectIssuers } from './inspect-issuers.ts'
import type { Surroundings } from './surroundings.ts'
import { upstreamsOf } from './upstreams-of.ts'

/** Looks at everything a start depends on. Changes nothing. */
export async function inspectSetup(config: Config, surroundings: Surroundings): Promise<Finding[]> {
  const findings = [...inspectSettings(config), await inspectStore(config, surroundings)]
  findings.push(...(await inspectIssuers(config, { fetch: systemFetch, clock: surroundings.clock })))
  for (const entry of config.upstreams) findings.push(...(await inspectUpstream(entry, surroundings)))
  return findings
}

async function inspectUpstream(entry: UpstreamSettings, { clock }: Surroundings): Promise<Finding[]> {
  try {
    const [upstream] = upstreamsOf([entry])
    const reports = upstream === undefined ? [] : await probeUpstream(upstream, clock)
    return reports.map((report) => ({ ...report, what: `upstream ${entry.name}: ${report.what}` }))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { message: what, fix } = error
    return [{ level: 'problem', what, ...(fix === undefined ? {} : { fix }) }]
  }
}

function inspectSettings({ settings, upstreams }: Config): Finding[] {
  const findings: Finding[] = []
  if (upstreams.length === 0) {
    findings.push({
      level: 'warning',
      what: 'no upstream is configured',
      fix: 'name one with --upstream NAME=URL',
    })
  }
  const publicHost = settings.publicUrl === null ? '127.0.0.1' : new URL(settings.publicUrl).hostname
  if (!isLoopbackHost(settings['listen.host']) && isLoopbackHost(publicHost)) {
    const what = `listens on ${settings['listen.host']}, but publicUrl is on loopback: others get 421, and OAuth clients are sent to their own machine`
    findings.push({ level: 'warning', what, fix: 'set publicUrl to the URL people use' })
  }
  const { 'telemetry.metrics.enabled': enabled, 'telemetry.metrics.token': token } = settings
  if (enabled && token === null && !isLoopbackHost(publicHost)) {
    const what = '/metrics is not served: the publicUrl is not on loopback and there is no token'
    findings.push({ level: 'warning', what, fix: 'set telemetry.metrics.token' })
  }
  return findings
}

async function inspectStore({ settings }: Config, { clock, random }: Surroundings): Promise<Finding> {
  const file = settings.store.startsWith('sqlite:') ? settings.store.slice('sqlite:'.length) : null
  if (file !== null && file !== ':memory:' && !existsSync(file)) {
    return {
      level: 'warning',
      what: `store: ${file} is not there yet`,
      fix: 'run sallyport migrate, or just serve',
    }
  }
  try {
    const store = openStore(settings.store, { clock, random })
    try {
      await store.ping()
      const pending = await store.pendingMigrations()
      if (pending.length === 0) return { level: 'ok', what: `store: ${store.kind} answers and is up to date` }
      const what = `store: ${store.kind} answers; ${pending.length} migrations are pending`
      return { level: 'warning', what, fix: 'run sallyport migrate, or just serve' }
    } finally {
      await store.close()
    }
  } catch (error) {
    const fix = error instanceof Failure ? error.fix : undefined
    const what = `store: ${error instanceof Error ? error.message : 'cannot be used'}`
    return { level: 'problem', what, ...(fix === undefined ? {} : { fix }) }
  }
}
