import { isLoopbackHost } from './address.ts'

/** Each answers what is wrong with a value, in words that follow the option's name; null when nothing is. */

export function publicUrlProblem(value: string): string | null {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return 'must be an absolute http or https URL'
  }
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (url.search !== '' || url.hash !== '') return 'must not carry a query or fragment'
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return `must be https, because ${url.hostname} is not loopback: put a TLS proxy in front and name its URL`
  }
  return null
}

/** An issuer is compared byte for byte, so nothing about it is mended (RFC 8414 section 2). */
export function issuerProblem(value: string): string | null {
  return publicUrlProblem(value)
}

/** Keys that anybody on the way could exchange verify nothing. */
export function jwksUriProblem(value: string): string | null {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'must be an absolute https URL'
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  if (url.hash !== '') return 'must not carry a fragment'
  return url.protocol === 'http:' && !isLoopbackHost(url.hostname)
    ? `must be https, because ${url.hostname} is not loopback`
    : null
}

export function upstreamUrlProblem(value: string): string | null {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return 'must be an absolute http or https URL such as http://127.0.0.1:3000/mcp'
  }
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  return url.hash === '' ? null : 'must not carry a fragment'
}

const hostShape = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?$/

export function hostProblem(value: string): string | null {
  return hostShape.test(value) ? null : 'is no host name such as mcp.example.com or mcp.example.com:8443'
}

/** A domain of e-mail addresses: no port, no wildcard, and international names in their ASCII form. */
export function domainProblem(value: string): string | null {
  return /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(value)
    ? null
    : 'is no domain such as example.com (without @, * and port)'
}

/** One Microsoft directory. `common` and `organizations` would let in the people of every company. */
export function directoryIdProblem(value: string): string | null {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
    ? null
    : 'must be the id of one directory, as on its overview page: 32 hex digits with four dashes'
}

export function originProblem(value: string): string | null {
  const url = URL.parse(value)
  return url !== null && url.origin !== 'null' && url.origin === value.toLowerCase()
    ? null
    : 'is no origin such as https://app.example.com (scheme, host and port, no path)'
}

export function storeProblem(value: string): string | null {
  if (/^sqlite:.+$/.test(value)) return null
  const url = URL.parse(value)
  return url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.hostname !== ''
    ? null
    : 'must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE'
}

export function secretProblem(value: string): string | null {
  if (value.length < 32) return 'must have at least 32 characters: try `openssl rand -base64 32`'
  return /^[\x21-\x7e]+$/.test(value) ? null : 'must be printable ASCII without spaces'
}

const upstreamName = /^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/

/** Upstream names are path segments and metric labels: lower case, no dot, nothing that needs encoding. */
export function upstreamNameProblem(value: string): string | null {
  return upstreamName.test(value) ? null : 'must be lower-case letters, digits, - and _, at most 64 of them'
}

export function workspaceProblem(value: string): string | null {
  return /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(value)
    ? null
    : 'is no workspace name (lower-case letters, digits and -)'
}

export function scopeProblem(value: string): string | null {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(value) ? null : 'is no scope (RFC 6749 section 3.3)'
}

/** MCP 2025-11-25, server/tools: tool names. */
export function toolNameProblem(value: string): string | null {
  return /^[A-Za-z0-9_\-./]{1,128}$/.test(value) ? null : 'is no tool name'
}

export function keyPrefixProblem(value: string): string | null {
  if (!/^[A-Za-z0-9\-._~+]{2,32}$/.test(value))
    return 'must be 2 to 32 characters that a Bearer token may have'
  return value.startsWith('sp_') || 'sp_'.startsWith(value)
    ? "must differ from sp_, which begins this gateway's keys"
    : null
}

/** Fields the gateway sets itself, or that change how the message is framed. */
const ownFields = new RegExp(
  '^(?:host|connection|keep-alive|proxy-connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|x-request-id' +
    '|mcp-.*|cookie|accept(?:-.*)?|user-agent|traceparent|tracestate|last-event-id)$',
)

export function headerNameProblem(value: string): string | null {
  if (!/^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,64}$/.test(value)) return 'is no header name'
  return ownFields.test(value.toLowerCase()) ? 'is a header that carries no credential' : null
}

export function headerValueProblem(value: string): string | null {
  return /^[\x20-\x7e]{1,8192}$/.test(value) ? null : 'must be printable ASCII'
}

export function filePathProblem(value: string): string | null {
  return value.includes('\0') ? 'is no path' : null
}

/** Where telemetry is sent. Credentials go into headers, which are secret; a URL is not. */
export function collectorProblem(value: string): string | null {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return 'must be an absolute http or https URL such as http://127.0.0.1:4318'
  }
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password'
  return url.hash === '' ? null : 'must not carry a fragment'
}

const headerPair = /^\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x20-\x7e]*$/
const framing = /^\s*(?:host|connection|content-.*|transfer-encoding|te|upgrade|expect|grpc-.*)=/i

/** `NAME=VALUE,NAME=VALUE`. The values are secret: the complaint names none. */
export function headersProblem(value: string): string | null {
  const pairs = value.split(',').filter((pair) => pair.trim() !== '')
  if (!pairs.every((pair) => headerPair.test(pair))) return 'must be NAME=VALUE pairs with commas between'
  return pairs.some((pair) => framing.test(pair)) ? 'must not name a field that frames the message' : null
}

export function keyIdProblem(value: string): string | null {
  return /^[A-Za-z0-9._-]{1,32}$/.test(value)
    ? null
    : 'must be letters, digits, dots, - and _, at most 32 of them'
}

export function previousKeyProblem(value: string): string | null {
  const colon = value.indexOf(':')
  if (colon < 1 || keyIdProblem(value.slice(0, colon)) !== null) return 'is no ID:SECRET'
  return secretProblem(value.slice(colon + 1)) === null ? null : 'has a secret of less than 32 characters'
}
