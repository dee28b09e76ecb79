import { request } from 'undici'
import type { Clock } from '../lib/clock.ts'
import type { Upstream } from './upstream.ts'

/** What a look at an upstream found. */
export interface ProbeReport {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly what: string
  readonly fix?: string
}

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'sallyport-doctor', version: '1' },
  },
})
const timeoutMs = 10_000
const tolerableSkewMs = 60_000

/** Asks an upstream to initialize, without any identity: is it there, is it MCP, does it trust strangers? */
export async function probeUpstream(upstream: Upstream, clock: Clock): Promise<ProbeReport> {
  try {
    const answer = await request(upstream.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: initialize,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = answer.statusCode === 200 ? await answer.body.text() : (await answer.body.dump(), '')
    return skewOf(answer.headers['date'], clock) ?? judge(upstream, answer.statusCode, text)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
    return {
      level: 'problem',
      what: `${upstream.url} does not answer (${code})`,
      fix: 'start it, or correct its url',
    }
  }
}

function judge({ url, identity: { mode } }: Upstream, status: number, body: string): ProbeReport {
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
  if (status === 401 || status === 403) {
    const fix = 'set identity: assertion'
    return mode === 'assertion'
      ? { level: 'ok', what: `${url} answers, and asks strangers for an assertion` }
      : { level: 'problem', what: `${url} asks for a credential, but its identity mode is ${mode}`, fix }
  }
  if (status >= 500) return { level: 'problem', what: `${url} answers ${status}`, fix: 'see its own log' }
  if (status === 200 && body.includes('"protocolVersion"')) {
    const fix = 'make it verify assertions, or let only the gateway reach it'
    return mode === 'assertion'
      ? { level: 'warning', what: `${url} speaks MCP, and answers callers without an assertion`, fix }
      : { level: 'ok', what: `${url} speaks MCP` }
  }
  if (status === 400) return { level: 'ok', what: `${url} answers` }
  return { level: 'warning', what: `${url} answers ${status}, not as an MCP server`, fix: 'check its url' }
}

/** Assertions live five minutes: a clock that is off by one or more breaks them. */
function skewOf(date: string | string[] | undefined, clock: Clock): ProbeReport | null {
  const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN
  const skew = Math.abs(theirs - clock.now())
  if (!(skew > tolerableSkewMs)) return null
  const what = `its clock differs from ours by ${Math.round(skew / 1000)} s: assertions will be refused`
  return { level: 'problem', what, fix: 'synchronise both clocks (NTP)' }
}
