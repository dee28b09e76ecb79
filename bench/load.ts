import { callBody, firstId } from './exchange.ts'
import { LoadConnection } from './load-connection.ts'
import { endWhenAsked } from './messages.ts'
import type { LoadOrder, LoadResult } from './messages.ts'

/** The load generator: each connection asks again as soon as it has its answer. */
process.on('message', (order) => {
  void run(order as LoadOrder).then((result) => process.send?.(result))
})

process.once('disconnect', () => process.exit(0))
endWhenAsked()

let nextId = firstId

async function run({ url, fields, connections, seconds }: LoadOrder): Promise<LoadResult> {
  const { hostname, port, host, pathname } = new URL(url)
  const lines = [`POST ${pathname} HTTP/1.1`, `Host: ${host}`]
  for (let place = 0; place < fields.length; place += 2) lines.push(`${fields[place]}: ${fields[place + 1]}`)
  lines.push(`Content-Length: ${Buffer.byteLength(callBody(firstId))}`, '', '')
  const head = lines.join('\r\n')
  const open = await Promise.all(
    Array.from({ length: connections }, () => LoadConnection.open(hostname, Number(port))),
  )

  const latencies: number[] = []
  let wrong = 0
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  await Promise.all(
    open.map(async (connection) => {
      let now = performance.now()
      while (now < endsAt) {
        const id = nextId
        nextId += 1
        const asked = now
        if (!(await connection.ask(head + callBody(id), id))) wrong += 1
        now = performance.now()
        latencies.push(now - asked)
      }
    }),
  )
  const elapsed = (performance.now() - startedAt) / 1000
  for (const connection of open) connection.close()
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { requests: sorted.length, seconds: elapsed, p50: at(0.5), p99: at(0.99), wrong }
}
