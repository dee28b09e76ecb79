import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openChromium } from '../test/support/chromium.ts'
import { openGallery } from '../test/support/page-gallery.ts'

const screens = [
  { name: 'desktop', viewport: { width: 1280, height: 800 } },
  { name: 'phone', viewport: { width: 375, height: 720 } },
  { name: 'narrow', viewport: { width: 320, height: 640 } },
] as const
const schemes = ['light', 'dark'] as const

/** Takes a picture of every page, on each screen, light and dark: `node tools/screenshots.ts FOLDER [NAME…]`. */
async function takeScreenshots(folder: string, only: readonly string[]): Promise<number> {
  mkdirSync(folder, { recursive: true })
  const browser = await openChromium()
  let taken = 0
  for (const colorScheme of schemes) {
    for (const { name: screen, viewport } of screens) {
      const gallery = await openGallery()
      for (const { name, signedIn, open } of gallery.pages) {
        if (only.length > 0 && !only.includes(name)) continue
        const context = await browser.newContext({ viewport, colorScheme })
        if (signedIn) await gallery.signIn(context)
        const page = await context.newPage()
        await open(page)
        await page.screenshot({ path: join(folder, `${name}-${screen}-${colorScheme}.png`), fullPage: true })
        await context.close()
        taken += 1
      }
      await gallery.scene.close()
    }
  }
  await browser.close()
  return taken
}

if (import.meta.main) {
  const [folder = 'shots', ...only] = process.argv.slice(2)
  console.log(`${await takeScreenshots(folder, only)} pictures in ${folder}`)
}
