import { isLoopbackHost } from '../config/address.ts'
import type { InstallationType } from './vocabulary.ts'

/**
 * What kind of installation this is, by its public URL alone: the same answer however it was started (T56). A null
 * URL or list could not be read. `cloudHosts` are host names, with or without port, as in the configuration.
 */
export function installationType(
  publicUrl: URL | null,
  cloudHosts: readonly string[] | null,
): InstallationType {
  if (publicUrl === null) return 'unknown'
  if (isLoopbackHost(publicUrl.hostname)) return 'local'
  if (cloudHosts === null) return 'unknown'
  const own = new Set([publicUrl.host, publicUrl.hostname, publicUrl.hostname.replace(/\.$/, '')])
  return cloudHosts.some((host) => own.has(host.toLowerCase())) ? 'cloud' : 'self-hosted'
}
