import { Agent, request } from 'undici'
import type { Clock } from '../lib/clock.ts'
import { tlsOptions } from './connection.ts'
import { discover, eraReport, initialize } from './probe-eras.ts'
import type { Question } from './probe-eras.ts'
import type { OutboundIdentity, Upstream } from './upstream.ts'

/** What a look at an upstream found. */
export interface ProbeReport {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly what: string
  readonly fix?: string
}

const timeoutMs = 10_000
const tolerableSkewMs = 60_000

interface ProbeAnswer {
  readonly status: number
  readonly date: unknown
  readonly text: string
}

/**
 * Asks an upstream, in the words of both eras, what it is: is it there, is it MCP, which clients can use it, does it
 * trust strangers? No caller's identity is shown to it, only a service credential that everybody shares.
 */
export async function probeUpstream(upstream: Upstream, clock: Clock): Promise<ProbeReport[]> {
  const agent = new Agent({ connect: tlsOptions(upstream.tls) })
  try {
    const legacy = await ask(upstream, initialize, agent)
    const skewed = skewOf(legacy.date, clock)
    if (skewed !== null) return [skewed]
    const first = judge(upstream, legacy)
    if (legacy.status !== 200 && legacy.status !== 400) return [first]
    const modern = await ask(upstream, discover, agent)
    const eras = eraReport(upstream.url, legacy.text, modern.text)
    if (eras === null) return [first]
    return [legacy.status === 200 ? first : judge(upstream, { ...modern, status: 200 }), eras]
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
    const what = `${upstream.url} does not answer (${code})`
    return [{ level: 'problem', what, fix: fixOf(code) }]
  } finally {
    await agent.destroy()
  }
}

async function ask(upstream: Upstream, question: Question, dispatcher: Agent): Promise<ProbeAnswer> {
  const { url, identity } = upstream
  const shown = identity.mode === 'static' ? { [identity.header]: identity.value } : {}
  const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, dispatcher }
  const { statusCode, headers, body } = await request(url, {
    method: 'POST',
    headers: { ...shown, ...question.headers },
    body: question.body,
    signal: AbortSignal.timeout(timeoutMs),
    ...limits,
  })
  const readable = statusCode === 200 || statusCode === 400
  const text = readable ? await body.text() : (await body.dump(), '')
  const session = headers['mcp-session-id']
  if (typeof session === 'string') {
    // Nobody will use the session this look has opened.
    const ended = request(url, {
      method: 'DELETE',
      headers: { ...shown, 'mcp-session-id': session },
      ...limits,
    })
    await ended.then((answer) => answer.body.dump()).catch(() => {})
  }
  return { status: statusCode, date: headers['date'], text }
}

function judge({ url, identity: { mode } }: Upstream, { status, text }: ProbeAnswer): ProbeReport {
  if (status >= 300 && status < 400) {
    return { level: 'problem', what: `${url} redirects`, fix: 'set its url to where the redirect points' }
  }
  if (status === 404 || status === 405) {
    return {
      level: 'problem',
      what: `${url} answers ${status}`,
      fix: 'correct the path of its url; often it is /mcp',
    }
  }
  if (status === 401 || status === 403) return whenRefused[mode](url)
  if (status >= 500) return { level: 'problem', what: `${url} answers ${status}`, fix: 'see its own log' }
  if (status === 200 && /"(?:protocolVersion|supportedVersions)"/.test(text)) return whenAnswered[mode](url)
  if (status === 400) return { level: 'ok', what: `${url} answers` }
  return { level: 'warning', what: `${url} answers ${status}, not as an MCP server`, fix: 'check its url' }
}

type ByMode = Readonly<Record<OutboundIdentity['mode'], (url: string) => ProbeReport>>

const whenRefused: ByMode = {
  assertion: (url) => ({ level: 'ok', what: `${url} answers, and asks strangers for an assertion` }),
  'forward-key': (url) => ({ level: 'ok', what: `${url} answers, and asks strangers for a key` }),
  static: (url) => ({
    level: 'problem',
    what: `${url} refuses the service credential`,
    fix: 'correct static.header and static.value',
  }),
  none: (url) => ({
    level: 'problem',
    what: `${url} asks for a credential, but its identity mode is none`,
    fix: 'set identity: assertion',
  }),
}

const whenAnswered: ByMode = {
  assertion: (url) => ({
    level: 'warning',
    what: `${url} speaks MCP, and answers callers without an assertion`,
    fix: 'make it verify assertions, or let only the gateway reach it',
  }),
  'forward-key': (url) => ({
    level: 'warning',
    what: `${url} speaks MCP, and answers callers without a key`,
    fix: 'make it ask for keys: the gateway checks no more than their prefix',
  }),
  static: (url) => ({ level: 'ok', what: `${url} speaks MCP` }),
  none: (url) => ({ level: 'ok', what: `${url} speaks MCP` }),
}

const certificateTrouble = /CERT|SSL|TLS|UNABLE_TO_/

function fixOf(code: string): string {
  return certificateTrouble.test(code)
    ? 'check ca and clientCertificate, or its own certificate'
    : 'start it, or correct its url'
}

/** Assertions live five minutes: a clock that is off by one or more breaks them. */
function skewOf(date: unknown, clock: Clock): ProbeReport | null {
  const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN
  const skew = Math.abs(theirs - clock.now())
  if (!(skew > tolerableSkewMs)) return null
  const what = `its clock differs from ours by ${Math.round(skew / 1000)} s: assertions will be refused`
  return { level: 'problem', what, fix: 'synchronise both clocks (NTP)' }
}
