import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { findSuite } from '../conformance/suite.ts'
import { operator, startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const suite = findSuite()

it.skipIf(suite === null)('auth 8: passes the official scenarios for authorization servers', async () => {
  scene = await startScene()
  await scene.addUser('a')
  const port = await freePort()
  const registered = await scene.clients.register(
    {
      name: 'Conformance',
      redirectUris: [`http://127.0.0.1:${port}/callback`],
      grantTypes: ['authorization_code', 'refresh_token'],
      confidential: false,
      workspace: null,
      ownerId: null,
      origin: 'admin',
    },
    operator,
  )
  if (registered.outcome !== 'registered') throw new Error(registered.problem)
  const output = await mkdtemp(join(tmpdir(), 'sallyport-conformance-'))
  const child = spawn(process.execPath, [
    join(suite ?? '', 'dist/index.js'),
    'authorization',
    '--url',
    scene.issuer,
    '--client-id',
    registered.client.id,
    '--resource',
    `${scene.issuer}/mcp`,
    '-p',
    String(port),
    '-o',
    output,
  ])
  let text = ''
  const walked = new Set<string>()
  const browser = scene.browser()
  const read = (chunk: Buffer) => {
    text += chunk.toString()
    for (const [url] of text.matchAll(/http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?\S+/g)) {
      if (
        walked.has(url) ||
        !/\s/.test(text.slice(text.indexOf(url) + url.length, text.indexOf(url) + url.length + 1))
      )
        continue
      walked.add(url)
      // The browser hands what it is led to over to the client that waits for it.
      void browser.walk(url, { signsInAs: 'usr_a' }).then(({ last }) => fetch(last.location ?? ''))
    }
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const code = await new Promise((resolve) => child.on('close', resolve))
  const checks = await checksIn(output)
  await rm(output, { recursive: true })
  const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
  expect(failed, text).toStrictEqual([])
  expect(checks.filter(({ status }) => status === 'SUCCESS').length).toBeGreaterThanOrEqual(3)
  expect(code, text).toBe(0)
})

async function checksIn(folder: string): Promise<{ id: string; status: string; errorMessage?: string }[]> {
  const names = await readdir(folder, { recursive: true })
  const files = names.filter((name) => name.endsWith('checks.json'))
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))
  return texts.flatMap((text) => JSON.parse(text) as { id: string; status: string; errorMessage?: string }[])
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
