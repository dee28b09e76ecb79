import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openToldScene } from '../support/told-scene.ts'
import type { ToldScene, Variables } from '../support/told-scene.ts'

let scene: ToldScene
beforeEach(async () => {
  scene = await openToldScene()
})
afterEach(() => scene.close())

describe('zero sockets', () => {
  const refusedBy: [string, Readonly<Record<string, unknown>>, Variables][] = [
    ['no endpoint', { telemetry: {} }, {}],
    ['DO_NOT_TRACK', {}, { DO_NOT_TRACK: '1' }],
    ['a refused configuration and DO_NOT_TRACK', { limits: { enabled: 'no' } }, { DO_NOT_TRACK: 'yes' }],
    ['a refused configuration without endpoint', { telemetry: {}, limits: { enabled: 'no' } }, {}],
    ['a variable that may have meant no', { limits: 1 }, { SALLYPORT_TELEMETRY_ANALYTICS_ENABLED: 'false' }],
    [
      'a store that cannot be reached, and DO_NOT_TRACK',
      { store: 'sqlite:/no/such/x' },
      { DO_NOT_TRACK: '1' },
    ],
  ]
  const written = (analytics: object) => ({ telemetry: { analytics: { endpoint: 'URL', ...analytics } } })
  const doubtful: [string, object][] = [
    ['a word that may have meant no', { enabled: false }],
    ['a format that is none', { format: 'off' }],
    ['an endpoint that is none', { endpoint: 'off' }],
  ]
  it.each(refusedBy)('serve: %s', async (_, more, variables) => {
    const server = scene.start('serve', more, variables)
    await server.port.then(
      () => server.process.kill('SIGTERM'),
      () => {},
    )
    await server.ended
    expect([server.sockets(), scene.receiver.connections]).toEqual([[], 0])
  })

  it.each(doubtful)('serve: %s', async (_, analytics) => {
    const more = JSON.parse(JSON.stringify(written(analytics)).replace('URL', scene.receiver.url)) as object
    const server = scene.start('serve', { ...more })
    expect((await server.ended).code).toBe(1)
    expect([server.sockets(), scene.receiver.connections]).toEqual([[], 0])
  })

  it.each(['demo', 'embedded'] as const)('%s: DO_NOT_TRACK', async (kind) => {
    const server = scene.start(kind, {}, { DO_NOT_TRACK: '1' })
    await server.port
    server.process.kill('SIGTERM')
    await server.ended
    expect(server.sockets().filter((line) => line.includes(new URL(scene.receiver.url).port))).toEqual([])
    expect(scene.receiver.connections).toBe(0)
  })

  it('and the hook would have seen one', async () => {
    const server = scene.start('serve')
    await server.port
    server.process.kill('SIGTERM')
    await server.ended
    expect(server.sockets().length).toBeGreaterThan(0)
  })
})
