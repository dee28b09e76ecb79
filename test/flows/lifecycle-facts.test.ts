import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { acceptsOAuth, startedFacts } from '../../src/server/analytics-of.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { configOf } from '../support/gateway.ts'
import { openToldScene } from '../support/told-scene.ts'

const surroundings = {
  clock: systemClock,
  random: systemRandom,
  log: createLog('silent', systemClock, () => {}),
  version: { version: '0', commit: 'unknown' },
}
const url = 'http://127.0.0.1:1/mcp'
const keyed = { identity: 'forward-key', keyPrefix: 'ci_' }

describe('what is said of how callers are known', () => {
  it.each([
    { entries: [{}], auth: 'mixed' },
    { entries: [{ accept: ['oauth'] }], auth: 'oauth' },
    { entries: [{ accept: ['api_key'] }], auth: 'api_key' },
    { entries: [{ accept: ['api_key'] }, { accept: ['oauth'] }], auth: 'mixed' },
    { entries: [keyed], auth: 'api_key' },
    { entries: [keyed, { accept: ['oauth'] }], auth: 'mixed' },
  ])('is $auth for $entries', ({ entries, auth }) => {
    const upstreams = entries.map((entry, index) => ({ name: `code${index}`, url, ...entry }))
    const config = configOf({ upstreams }, 'sqlite::memory:')
    expect(startedFacts(config, new URL('http://127.0.0.1:8787'), surroundings)).toMatchObject({
      configured_auth: auth,
      oauth_configured: auth !== 'api_key',
    })
    expect(acceptsOAuth(config)).toBe(auth !== 'api_key')
  })

  it.each([
    { accept: ['oauth'], oauth: true },
    { accept: ['api_key'], oauth: false },
  ])('is said of a server that cannot start, too: $accept', async ({ accept, oauth }) => {
    const scene = await openToldScene()
    const upstreams = [{ name: 'code', url, identity: 'none', accept }]
    const unreachable = { store: 'postgres://127.0.0.1:1/none', upstreams }
    await scene.start('serve', unreachable).ended
    expect(scene.receiver.events).toMatchObject([{ event: 'startup_error', oauth_configured: oauth }])
    await scene.close()
  })
})
