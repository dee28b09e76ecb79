import type { Socket } from 'node:net'
import { isLoopbackHost } from '../config/address.ts'
import type { Refusal } from './refusal.ts'
import type { RequestHead } from './request-head.ts'

export interface GuardOptions {
  readonly publicUrl: URL
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  /** Whether we listen on loopback, so that its names are ours. */
  readonly loopback: boolean
}

/** Judges Host and Origin; null lets the request pass. */
export interface Guard {
  (head: RequestHead, socket: Socket): Refusal | null
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * The first step on every route, health and metadata included (T13): DNS rebinding needs a foreign name in Host, a
 * hostile page a foreign Origin. The socket's own IP literal always passes, because orchestrators probe by it (T54)
 * and rebinding cannot forge it.
 */
export function createGuard({ publicUrl, allowedHosts, allowedOrigins, loopback }: GuardOptions): Guard {
  const entries = [publicUrl.hostname, publicUrl.host, ...allowedHosts].map((host) => host.toLowerCase())
  if (loopback) entries.push(...loopbackNames)
  const hosts: ServedHosts = {
    exact: new Set([...entries, ...entries.map(bareHost)]),
    onAnyPort: new Set(entries.filter((entry) => bareHost(entry) === entry)),
  }
  const origins = new Set([publicUrl.origin, ...allowedOrigins].map((origin) => origin.toLowerCase()))
  if (loopback && isLoopbackHost(publicUrl.hostname)) {
    for (const name of loopbackNames) origins.add(originOn(publicUrl, name))
  }

  return ({ host, origin }, socket) => {
    if (host === undefined || !(isServed(hosts, host) || isOwnAddress(host, socket)))
      return { refused: 'host_rejected' }
    return origin === undefined || origins.has(origin.toLowerCase()) ? null : { refused: 'origin_rejected' }
  }
}

interface ServedHosts {
  readonly exact: ReadonlySet<string>
  readonly onAnyPort: ReadonlySet<string>
}

/** A bare name stands for every port; a name with a port for that one, with or without it being said. */
function isServed({ exact, onAnyPort }: ServedHosts, header: string): boolean {
  const host = header.toLowerCase()
  return exact.has(host) || onAnyPort.has(bareHost(host))
}

function bareHost(host: string): string {
  const port = /:\d{1,5}$/.exec(host)
  const bare = port === null ? host : host.slice(0, port.index)
  return bare.startsWith('[') || !bare.includes(':') ? bare : host
}

function isOwnAddress(header: string, { localAddress }: Socket): boolean {
  if (localAddress === undefined) return false
  const plain = localAddress.startsWith('::ffff:') ? localAddress.slice(7) : localAddress
  const literal = plain.includes(':') ? `[${plain}]` : plain
  return bareHost(header.toLowerCase()) === literal.toLowerCase()
}

function originOn({ protocol, port }: URL, name: string): string {
  return `${protocol}//${name}${port === '' ? '' : `:${port}`}`
}
