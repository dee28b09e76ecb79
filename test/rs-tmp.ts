import { classifyCredential } from '/work/main/src/principal/credential.ts'
import { sha256Hex } from '/work/main/src/lib/hash.ts'
import { hash } from 'node:crypto'
const tok = Buffer.alloc(520, 7).toString('base64url') + '.' + 'a'.repeat(86)
const key = 'sp_' + 'a'.repeat(62)
const t = (n: string, f: () => unknown) => { for (let i=0;i<2e4;i++) f(); const s = performance.now(); for (let i=0;i<2e5;i++) f(); console.log(n, ((performance.now()-s)/2e5*1000).toFixed(2)) }
for (const [n, v] of [['tok', tok], ['key', key]] as const) {
  t('classify ' + n, () => classifyCredential(`Bearer ${v}`))
  t('sha hex ' + n, () => sha256Hex(v))
  t('sha b64 ' + n, () => hash('sha256', v, 'base64'))
  t('sha hex sliced ' + n, () => sha256Hex(`Bearer ${v}`.slice(7)))
}
