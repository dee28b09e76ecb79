import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signals } from '../../src/telemetry/signals.ts'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine } from '../support/command-line.ts'

interface Shown {
  readonly signal: string
  readonly sink: string
  readonly bytes: string
}

let line: CommandLine
beforeAll(async () => {
  line = await openCommandLine()
})
afterAll(() => line.close())

const everything = {
  SALLYPORT_UPSTREAMS: 'code=http://127.0.0.1:3000/mcp',
  SALLYPORT_TELEMETRY_TRACES_ENDPOINT: 'http://127.0.0.1:9',
  SALLYPORT_TELEMETRY_TRACES_PROTOCOL: 'http/json',
  SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: 'http://127.0.0.1:9',
  SALLYPORT_TELEMETRY_ATTRIBUTION_KEY: 'attribution-key-0123456789abcdef-0123456789',
  DO_NOT_TRACK: '0',
}
const identities = ['usr_example', 'examplekeyid', 'default']

async function preview(mode: string, more: Readonly<Record<string, string>> = {}): Promise<readonly Shown[]> {
  const { code, out, err } = await line.run(['privacy', '--preview', '--json'], {
    ...everything,
    SALLYPORT_TELEMETRY_ATTRIBUTION_MODE: mode,
    ...more,
  })
  expect(code, err).toBe(0)
  return (JSON.parse(out) as { preview: Shown[] }).preview
}

/** Signal and sink of what names the example's person. */
function naming(shown: readonly Shown[], texts: readonly string[]): string[] {
  const found = shown.filter(({ bytes }) => texts.some((text) => bytes.includes(`"${text}"`)))
  return Array.from(new Set(found.map(({ signal, sink }) => `${signal} ${sink}`))).sort()
}

describe('sallyport privacy', () => {
  it('shows for every signal what some sink would send, the same each time', async () => {
    const shown = await preview('off')
    expect(new Set(shown.map(({ signal }) => signal))).toEqual(new Set(Object.keys(signals)))
    expect(await preview('off')).toEqual(shown)
  })

  it('names nobody outside the audit log when attribution is off', async () => {
    const shown = await preview('off')
    expect(naming(shown, identities)).toEqual(['operation_ended audit'])
    expect(shown.filter(({ bytes }) => /hash/.test(bytes))).toEqual([])
  })

  it('names the person as a pseudonym in mode hash, and the user id on the server span alone in mode id', async () => {
    const hashed = await preview('hash')
    expect(naming(hashed, identities)).toEqual(['operation_ended audit'])
    expect(hashed.filter(({ bytes }) => bytes.includes('user.hash')).map(({ signal }) => signal)).toEqual([
      'server_span',
    ])
    expect(hashed.filter(({ bytes }) => bytes.includes('mcp.session.id'))).toHaveLength(1)
    expect(naming(hashed, ['example-session'])).toEqual([])
    const named = await preview('id')
    expect(naming(named, ['usr_example'])).toEqual(['operation_ended audit', 'server_span traces'])
  })

  it('sends no event for whoever set DO_NOT_TRACK', async () => {
    const shown = await preview('off', { DO_NOT_TRACK: '1' })
    expect(shown.filter(({ sink }) => sink === 'analytics')).toEqual([])
  })

  it('prints the contract: every field, and where it may go in this mode', async () => {
    const { out } = await line.run(['privacy'], everything)
    expect(out).toContain('Attribution is off')
    expect(out).toMatch(/\n {4}principal +identity +audit: value\n/)
    const { out: json } = await line.run(['privacy', '--json'], {
      ...everything,
      SALLYPORT_TELEMETRY_ATTRIBUTION_MODE: 'hash',
    })
    const { signals: listed } = JSON.parse(json) as {
      signals: { signal: string; fields: { field: string; goes: Record<string, string | null> }[] }[]
    }
    expect(listed.map(({ signal }) => signal)).toEqual(Object.keys(signals))
    const principal = listed
      .find(({ signal }) => signal === 'tool_called')
      ?.fields.find(({ field }) => field === 'principal')
    expect(principal?.goes).toEqual({
      metrics: null,
      traces: 'hash',
      analytics: 'hash',
      audit: 'value',
      log: null,
    })
  })
})
