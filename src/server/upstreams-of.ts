import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { acceptedKinds } from '../config/upstream-options.ts'
import type { UpstreamSettings } from '../config/upstream-options.ts'
import { defaultWorkspace } from '../identity/workspace.ts'
import { Failure } from '../lib/error.ts'
import { tlsOptions } from '../upstreams/connection.ts'
import type { OutboundIdentity, Upstream, UpstreamTls } from '../upstreams/upstream.ts'

/**
 * The upstreams of a configuration. The only one there is serves as the default, said or not. Throws a `Failure` when
 * a certificate file cannot be read or used.
 */
export function upstreamsOf(settings: readonly UpstreamSettings[]): Upstream[] {
  return settings.map((entry) => ({
    name: entry.name,
    url: entry.url,
    isDefault: entry.default || settings.length === 1,
    auth: entry.auth,
    accept: acceptedKinds(entry),
    identity: identityOf(entry),
    workspaces: entry.workspaces,
    scopes: entry.scopes,
    timeoutSeconds: entry.timeoutSeconds,
    tls: tlsOf(entry),
  }))
}

function identityOf(entry: UpstreamSettings): OutboundIdentity {
  switch (entry.identity) {
    case 'assertion':
    case 'none':
      return { mode: entry.identity }
    case 'static':
      return {
        mode: 'static',
        header: entry['static.header'].toLowerCase(),
        value: entry['static.value'] ?? '',
      }
    case 'forward-key':
      return {
        mode: 'forward-key',
        keyPrefix: entry.keyPrefix ?? '',
        workspace: entry.workspaces[0] ?? defaultWorkspace,
      }
  }
}

function tlsOf(entry: UpstreamSettings): UpstreamTls | null {
  const { ca, 'clientCertificate.cert': cert, 'clientCertificate.key': key } = entry
  if (ca === null && cert === null) return null
  const read = (file: string | null) => (file === null ? null : readPem(file, entry.name))
  const tls = { ca: read(ca), cert: read(cert), key: read(key) }
  checkUsable(tls, entry.name)
  return tls
}

/** What is no certificate would make each call fail, long after the start. */
function checkUsable(tls: UpstreamTls, upstream: string): void {
  try {
    if (tls.ca !== null) void new X509Certificate(tls.ca)
    createSecureContext(tlsOptions(tls))
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new Failure({
      code: 'certificate_unusable',
      status: 500,
      message: `upstream ${upstream}: its certificates cannot be used${why}`,
      fix: 'ca must hold certificates in PEM, and clientCertificate a certificate and the key that belongs to it',
      cause,
    })
  }
}

function readPem(file: string, upstream: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Failure({
      code: 'certificate_unreadable',
      status: 500,
      message: `upstream ${upstream}: ${file} cannot be read`,
      fix: 'check the path and the rights of the file',
      cause,
    })
  }
}
