import { startGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import { openRawConnection, rawRequest } from '../support/raw-http.ts'
const up = await startRecordingUpstream()
const gw = await startGateway({ upstreams: [{ name: 'code', url: up.url, scopes: ['a'] }] })
up.trust(gw.url)
const user = await gw.addUser('a@example.com')
const good = await gw.createKey(user, {scopes:['a']}), narrow = await gw.createKey(user)
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x', params: { f: 'x'.repeat(200) } })
const req = (k?: string, sess?: string) => rawRequest('POST', '/mcp', [['Content-Type', 'application/json'], ...(k ? [['Authorization', `Bearer ${k}`] as const]:[]), ...(sess ? [['Mcp-Session-Id', sess] as const] : [])], body)
for (const [name, seq] of Object.entries({ none: [req(), req(good.key)], bad: [req('sp_x'), req(good.key)], narrow: [req(narrow.key), req(good.key)], session: [req(good.key,'abc'), req(good.key)], goodThenBad: [req(good.key), req('sp_x'), req(good.key)], goodThenSess: [req(good.key), req(good.key, 'x'), req(good.key)], goodThenNarrow: [req(good.key), req(narrow.key), req(good.key)] })) {
  const c = await openRawConnection(gw.port)
  c.send(seq.join(''))
  const out: unknown[] = []
  for (const _ of seq) { const a = await c.next(); out.push(a === null ? null : `${a.status} ${a.headers.get('connection')}`) }
  console.log(name, out)
  c.destroy()
}
await gw.close(); await up.close()
