import { openChromium } from '/work/main/test/support/chromium.ts'
import { openGallery } from '/work/main/test/support/page-gallery.ts'
const g = await openGallery(); const b = await openChromium()
for (const strip of [false, true]) {
  const c = await b.newContext({ viewport: { width: 375, height: 600 } }); const p = await c.newPage()
  p.on('console', (m) => console.log('console', m.text().slice(0, 160)))
  await p.route('https://provider.example/', (r) => r.fulfill({ contentType: 'text/html', body: '<title>x</title>' }))
  await p.goto(g.scene.url + '/login')
  if (strip) await p.evaluate("document.querySelector('input[name=by]').remove()")
  await p.getByRole('button', { name: 'Sign in with your company' }).click({ noWaitAfter: true })
  await new Promise((r) => setTimeout(r, 1500))
  console.log(strip, p.url())
  await c.close()
}
{
  const c = await b.newContext({ viewport: { width: 375, height: 600 } }); const p = await c.newPage()
  await p.route('https://provider.example/', (r) => new Promise(() => {}))
  await p.goto(g.scene.url + '/login')
  await p.getByRole('button', { name: 'Sign in with your company' }).click({ noWaitAfter: true })
  await new Promise((r) => setTimeout(r, 1000))
  await p.screenshot({ path: '/tmp/shots/going-on.png' }).catch((e) => console.log(String(e).slice(0, 200)))
  await c.close()
}
await b.close(); await g.scene.close()
