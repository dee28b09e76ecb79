import { afterEach, describe, expect, it } from 'vitest'
import { mcpPost, openAnalyticsScene, toolCall } from '../support/analytics-scene.ts'
import type { AnalyticsScene } from '../support/analytics-scene.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'

let scene: AnalyticsScene
afterEach(() => scene.close())

it('T26: ten thousand rejections make a handful of events, which count them all, and push out nothing', async () => {
  scene = await openAnalyticsScene()
  const refused = rawRequest('GET', '/mcp')
  const connection = await openRawConnection(scene.gateway.port)
  for (let round = 0; round < 20; round += 1) {
    connection.send(refused.repeat(500))
    for (let place = 0; place < 500; place += 1) expect((await connection.next())?.status).toBe(401)
    if (round === 10)
      await scene.exchange(mcpPost(scene.key, toolCall('search')), { result: { content: [] } })
  }
  connection.destroy()
  await scene.gateway.serving.stop()
  const found = await scene.receiver.received('auth_rejected')
  expect(found.length).toBeLessThan(15)
  expect(found.reduce((sum, { count }) => sum + Number(count), 0)).toBe(10_000)
  expect(scene.receiver.events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['server_started', 'tool_called', 'server_shutdown']),
  )
})

describe('who called', () => {
  const secret = 'pseudonym-key-0123456789abcdef-0123456789'
  const hashed = { attribution: { mode: 'hash', key: secret, keyId: 'k7' } }
  const hashes = ['principal_hash', 'workspace_hash', 'credential_hash']

  it('leaves as hashes under the key of the epoch, and never otherwise', async () => {
    scene = await openAnalyticsScene(hashed)
    for (const name of ['search', 'other'])
      await scene.exchange(mcpPost(scene.key, toolCall(name)), { result: { content: [] } })
    await sendRaw(scene.gateway.port, mcpPost(null, toolCall('search')))
    const [first, second] = await scene.receiver.received('tool_called', 2)
    for (const hash of hashes) {
      expect(first?.[hash]).toMatch(/^[0-9a-f]{32}$/)
      expect(second?.[hash]).toBe(first?.[hash])
    }
    expect(first?.['attribution_key_id']).toBe('k7')
    const [rejected] = await scene.receiver.received('auth_rejected')
    expect(Object.keys(rejected ?? {}).filter((name) => /hash|attribution/.test(name))).toEqual([])
    const said = JSON.stringify(scene.receiver.posts)
    for (const text of ['jane', 'usr_', scene.key, scene.key.slice(3, 15), secret])
      expect(said).not.toContain(text)
  })

  it.each([
    ['off, with a key', { mode: 'off', key: secret }],
    ['id, without a key', { mode: 'id' }],
  ])('leaves not at all when attribution is %s', async (_, attribution) => {
    scene = await openAnalyticsScene({ attribution })
    await scene.exchange(mcpPost(scene.key, toolCall('search')), { result: { content: [] } })
    const [event] = await scene.receiver.received('tool_called')
    expect(Object.keys(event ?? {}).filter((name) => /hash|attribution|user/.test(name))).toEqual([])
    expect(JSON.stringify(scene.receiver.posts)).not.toContain('usr_')
  })
})
