import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { attributionModes } from '../../src/telemetry/attribution.ts'
import { startEventReceiver } from '../support/event-receiver.ts'
import { openToldFolder } from '../support/told-process.ts'
import { Canaries, places } from './canaries.ts'
import { sweep } from './sweep.ts'
import { startTap } from './tap.ts'

describe('the search itself', () => {
  const forms = [
    (text: string) => text,
    (text: string) => text.toUpperCase(),
    (text: string) => Buffer.from(text).toString('base64'),
    (text: string) => Buffer.from(`1${text}2`).toString('base64'),
    (text: string) => Buffer.from(`12${text}345`).toString('base64url'),
    (text: string) => Buffer.from(text).toString('hex').toUpperCase(),
    (text: string) => Buffer.from(text).toString('hex').replaceAll(/../g, '%$&'),
  ]
  it.each(forms)('finds a mark in form %#, and only where it may not be', (form) => {
    const canaries = new Canaries(1)
    const text = canaries.make('tool', 'metrics')
    canaries.make('another')
    const bytes = Buffer.from(`before ${form(text)} behind`)
    expect(canaries.leaksIn('log', bytes)).toEqual([expect.stringMatching(/^tool in log as /)])
    expect(canaries.leaksIn('metrics', bytes)).toEqual([])
  })
})

const cases = attributionModes.flatMap((mode) =>
  (['http/protobuf', 'http/json', 'grpc'] as const).map((protocol) => ({ mode, protocol })),
)

describe('T20: among marked inputs, nothing of them leaves', () => {
  it.each(cases)('T45: attribution $mode, spans and numbers by $protocol', async ({ mode, protocol }) => {
    const { leaks, bytes, canaries, missing, spans } = await sweep({ seed: 20, mode, protocol })
    expect(leaks).toEqual([])
    expect(missing).toEqual([])
    expect(canaries).toBeGreaterThan(1500)
    expect(spans).toBeGreaterThan(100)
    // The bytes are those that were meant: what may leave is there to be read.
    const shown = { traces: 'tools/call', analytics: 'tool_called', metrics: 'sallyport_', log: 'request' }
    for (const place of places) expect(bytes[place].includes(shown[place])).toBe(true)
    expect(bytes.traces.includes('user.hash')).toBe(mode === 'hash')
    expect(bytes.traces.includes('user.id')).toBe(mode === 'id')
    expect(bytes.traces.includes('mcp.session.id')).toBe(mode !== 'off')
    expect(bytes.analytics.includes('mcp.session.id')).toBe(false)
    expect(bytes.analytics.includes('principal_hash')).toBe(mode !== 'off')
    for (const place of ['metrics', 'log'] as const)
      for (const key of ['user.id', 'user.hash', 'mcp.session.id', 'principal_hash'])
        expect(bytes[place].includes(key)).toBe(false)
  })

  it('nor a secret when spans say all they can be asked for', async () => {
    const { leaks, bytes } = await sweep({ seed: 22, mode: 'id', protocol: 'http/json', details: true })
    expect(leaks).toEqual([])
    for (const name of ['gen_ai.tool.call.arguments', 'mcp.resource.uri', 'client.address'])
      expect(bytes.traces.includes(name), name).toBe(true)
  })

  it('nor when the server cannot start', async () => {
    await using ends = new AsyncDisposableStack()
    const canaries = new Canaries(21)
    const receiver = await startEventReceiver()
    ends.defer(() => receiver.close())
    const tap = await startTap(receiver.url)
    ends.defer(() => tap.close())
    const folder = await openToldFolder()
    ends.defer(() => folder.close())
    const file = join(folder.path, `${canaries.make('file name')}.yaml`)
    const wrong = {
      [canaries.make('option')]: canaries.make('value'),
      log: { level: canaries.make('level') },
    }
    const store = `postgres://${canaries.make('user')}:${canaries.make('password')}@127.0.0.1:1/x`
    writeFileSync(file, JSON.stringify({ ...wrong, store, telemetry: { analytics: { endpoint: tap.url } } }))
    const variables = { CI: canaries.make('CI'), SALLYPORT_LIMITS_ENABLED: canaries.make('variable') }
    expect((await folder.start('command', ['serve', '--json', '--config', file], variables).ended).code).toBe(
      1,
    )
    expect(receiver.events.map(({ event }) => event)).toEqual(['startup_error'])
    expect(canaries.leaksIn('analytics', tap.bytes())).toEqual([])
  })
})
