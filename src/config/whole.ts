import { isLoopbackHost } from './address.ts'
import type { GlobalSettings } from './options.ts'
import type { UpstreamSettings } from './upstream-options.ts'

/** What is wrong with options that are each fine alone. */
export function wholeProblems(settings: GlobalSettings, upstreams: readonly UpstreamSettings[]): string[] {
  const problems: string[] = []
  const names = new Set<string>()
  for (const { name } of upstreams) {
    if (names.has(name)) problems.push(`upstreams: ${name} is there twice; names must differ`)
    names.add(name)
  }
  if (upstreams.filter((upstream) => upstream.default).length > 1) {
    problems.push('upstreams: more than one is marked default; keep one')
  }
  if (settings['auth.adminOnMcp'] && settings['auth.adminToken'] === null) {
    problems.push('auth.adminOnMcp: needs auth.adminToken')
  }
  const token = settings['telemetry.metrics.token']
  if (token !== null && token === settings['auth.adminToken']) {
    problems.push('telemetry.metrics.token: must differ from auth.adminToken')
  }
  return problems
}

/** Whether the gateway can be reached from this machine only, as far as its own addresses say. */
export function isLoopbackOnly(settings: GlobalSettings): boolean {
  const publicUrl = settings.publicUrl === null ? null : URL.parse(settings.publicUrl)
  return isLoopbackHost(settings['listen.host']) && (publicUrl === null || isLoopbackHost(publicUrl.hostname))
}
