import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { describe, expect, it } from 'vitest'
import { seriesValue } from '../support/asking.ts'
import { hasChromium, openChromium } from '../support/chromium.ts'
import { testPassword } from '../support/gateway.ts'
import { movingClock } from '../support/moving-clock.ts'
import { catchOpenedUrls } from '../support/opened-url.ts'
import { startScene } from './scene.ts'

const program = join(dirname(fileURLToPath(import.meta.resolve('mcp-remote/package.json'))), 'dist/proxy.js')
/** Not as short as can be: mcp-remote refreshes shortly before the end, and stops itself after 20 times in 30 s. */
const accessSeconds = 600

describe.skipIf(!hasChromium('mcp-remote with a browser'))('mcp-remote', () => {
  it('connects by a real browser, and is still connected after its access token expired three times', async () => {
    const ends = new AsyncDisposableStack()
    try {
      const clock = movingClock()
      const scene = await startScene({
        clock,
        entry: { scopes: ['notes:read', 'notes:write'] },
        settings: { auth: { tokens: { accessSeconds } } },
      })
      ends.defer(() => scene.close())
      const ada = await scene.meet('ada')
      const catcher = await catchOpenedUrls()
      ends.defer(() => catcher.close())
      const folder = await mkdtemp(join(tmpdir(), 'sallyport-mcp-remote-'))
      ends.defer(() => rm(folder, { recursive: true, force: true }))

      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [program, scene.mcp],
        env: { PATH: process.env['PATH'] ?? '', MCP_REMOTE_CONFIG_DIR: folder, BROWSER: catcher.program },
        stderr: 'pipe',
      })
      let said = ''
      transport.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
      const client = new Client({ name: 'desktop', version: '1.0.0' })
      ends.defer(() => client.close())
      const connecting = client.connect(transport).catch((error: unknown) => {
        throw new Error(`mcp-remote did not connect:\n${said}`, { cause: error })
      })

      const browser = await openChromium()
      ends.defer(() => browser.close())
      const page = await browser.newPage()
      await page.goto(await Promise.race([catcher.first, connecting.then(() => 'about:blank')]))
      await page.getByLabel('E-mail address').fill(ada.email)
      await page.getByLabel('Password').fill(testPassword)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.waitForURL(/^http:\/\/(?:localhost|127\.0\.0\.1):\d+\/oauth\/callback\?/)
      await connecting

      const whoami = async () => (await client.callTool({ name: 'whoami', arguments: {} })).structuredContent
      const refreshes = () =>
        seriesValue(scene.gateway.port, 'sallyport_tokens_refreshed_total{outcome="success"}')
      expect(await whoami()).toMatchObject({ sub: ada.userId, scope: 'notes:read notes:write' })
      for (let round = 1; round <= 3; round += 1) {
        const before = await refreshes()
        clock.advance((accessSeconds + 6) * 1000)
        expect(await whoami()).toMatchObject({ sub: ada.userId })
        expect(await refreshes()).toBeGreaterThan(before)
      }
      const expired = 'sallyport_auth_rejected_total{reason="expired",surface="mcp"}'
      expect(await seriesValue(scene.gateway.port, expired)).toBeGreaterThanOrEqual(3)
      expect(catcher.opened).toHaveLength(1)
      expect(await scene.gateway.store.consents.list(ada.userId)).toHaveLength(1)
    } finally {
      await ends.disposeAsync()
    }
  })
})
