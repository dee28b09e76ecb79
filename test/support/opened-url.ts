import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** A program that stands for the browser of this machine: it hands on the URL it is started with. */
export interface UrlCatcher {
  /** Its path: what `BROWSER` names. */
  readonly program: string
  /** URLs that were opened so far. */
  readonly opened: readonly string[]
  /** The first URL that is opened. */
  readonly first: Promise<string>
  close(): void
}

export async function catchOpenedUrls(): Promise<UrlCatcher> {
  const first = Promise.withResolvers<string>()
  const opened: string[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const url = await text(request)
    opened.push(url)
    first.resolve(url)
    response.end()
  }
  const server = createServer((request, response) => void take(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-browser-'))
  const program = join(folder, 'browser')
  const script = `fetch('http://127.0.0.1:${port}/',{method:'POST',body:process.argv[1]})`
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" -e "${script}" "$1"\n`)
  chmodSync(program, 0o755)
  return {
    program,
    opened,
    first: first.promise,
    close() {
      server.close().closeAllConnections()
      rmSync(folder, { recursive: true })
    },
  }
}
