import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectClient } from '../support/mcp-client.ts'

const run = promisify(execFile)
const bin = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))

interface Announced {
  readonly gateway: string
  readonly console: null
  readonly users: readonly {
    id: string
    email: string
    password: string
    workspace: string
    apiKey: string
  }[]
}

interface Demo {
  /** All of standard output so far. */
  readonly output: () => string
  readonly announced: () => Announced
  stop(signal: 'SIGTERM' | 'SIGINT'): Promise<number | null>
}

let ends: AsyncDisposableStack
let folder: string

beforeEach(async () => {
  ends = new AsyncDisposableStack()
  folder = await mkdtemp(join(tmpdir(), 'sallyport-demo-'))
  ends.defer(() => rm(folder, { recursive: true, force: true }))
})

afterEach(() => ends.disposeAsync())

/** Starts the command in a folder of the test's own; resolves once it has said what there is to say. */
async function startDemo(...args: string[]): Promise<Demo> {
  const child = spawn(process.execPath, [bin, 'demo', ...args], { cwd: folder })
  let out = ''
  let err = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  ends.defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (args.includes('--json') ? out.endsWith('\n') : out.includes('Ctrl-C')) resolve()
    })
    void ended.then((code) => reject(new Error(`the demo ended with ${code}: ${err}`)))
  })
  return {
    output: () => out,
    announced: () => JSON.parse(out) as Announced,
    stop(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** The one user with that name; the demo always has both. */
function userOf({ users }: Announced, name: 'ada' | 'grace') {
  const user = users.find(({ email }) => email === `${name}@example.com`)
  if (user === undefined) throw new Error(`no ${name}`)
  return user
}

/** Runs a line as somebody would who has pasted it. */
async function paste(line: string): Promise<string> {
  return (await run('bash', ['-c', line], { cwd: folder })).stdout
}

async function statusOf(gateway: string, apiKey: string): Promise<number> {
  const headers = { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' }
  return (await fetch(`${gateway}/mcp`, { headers })).status
}

async function occupy(port: number): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    // Somebody else's is as good: what counts is that the port is taken.
    server.once('error', () => resolve())
    server.listen(port, '127.0.0.1', resolve)
  })
  ends.defer(() => new Promise((resolve) => void server.close(() => resolve())))
  return server
}

describe('sallyport demo --json', () => {
  it('prints one object, serves both users, and ends with 0', async () => {
    const demo = await startDemo('--json')
    const announced = demo.announced()
    expect(announced).toEqual({
      gateway: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      console: null,
      users: [
        {
          id: expect.stringMatching(/^usr_/) as string,
          email: 'ada@example.com',
          password: expect.stringMatching(/^[0-9A-Za-z]{16}$/) as string,
          workspace: 'analytical',
          apiKey: expect.stringMatching(/^sp_/) as string,
        },
        {
          id: expect.stringMatching(/^usr_/) as string,
          email: 'grace@example.com',
          password: expect.stringMatching(/^[0-9A-Za-z]{16}$/) as string,
          workspace: 'compilers',
          apiKey: expect.stringMatching(/^sp_/) as string,
        },
      ],
    })
    for (const { apiKey, id, workspace } of announced.users) {
      const { call, close } = await connectClient(`${announced.gateway}/mcp`, apiKey, 'auto')
      expect(await call('whoami')).toMatchObject({ sub: id, workspace })
      await close()
    }
    expect(await demo.stop('SIGTERM')).toBe(0)
    expect(demo.output().trimEnd().split('\n')).toHaveLength(1)
  })

  it('keeps notes and users from one run to the next, but not the keys', async () => {
    const first = await startDemo('--json')
    const before = first.announced()
    const old = userOf(before, 'ada')
    const hers = await connectClient(`${before.gateway}/mcp`, old.apiKey, 'pinned')
    await hers.call('add_note', { text: 'still here' })
    await hers.close()
    expect(await first.stop('SIGINT')).toBe(0)

    const second = await startDemo('--json')
    const after = second.announced()
    const ada = userOf(after, 'ada')
    expect(ada.id).toBe(old.id)
    expect(await statusOf(after.gateway, old.apiKey)).toBe(401)
    expect(await statusOf(after.gateway, userOf(before, 'grace').apiKey)).toBe(401)
    const again = await connectClient(`${after.gateway}/mcp`, ada.apiKey, 'pinned')
    expect(await again.call('list_notes')).toMatchObject({ notes: [{ text: 'still here' }] })
    await again.close()
  })

  it('leaves another demo in the same folder alone', async () => {
    const [first, second] = [await startDemo('--json'), await startDemo('--json')]
    expect(second.announced().gateway).not.toBe(first.announced().gateway)
    for (const { announced } of [first, second]) {
      const { gateway, users } = announced()
      for (const { apiKey, id } of users) {
        const { call, close } = await connectClient(`${gateway}/mcp`, apiKey, 'auto')
        expect(await call('whoami')).toMatchObject({ sub: id })
        await close()
      }
    }
  })

  it('takes a free port when 8787 is taken', async () => {
    await occupy(8787)
    const { gateway, users } = (await startDemo('--json')).announced()
    expect(gateway).not.toMatch(/:8787$/)
    const { call, close } = await connectClient(`${gateway}/mcp`, users[0]?.apiKey ?? '', 'auto')
    expect(await call('whoami')).toMatchObject({ workspace: 'analytical' })
    await close()
  })

  it('T42: fails, and says what to do, when the very port it was given is taken', async () => {
    const { port } = (await occupy(0)).address() as AddressInfo
    await expect(startDemo('--json', '--port', String(port))).rejects.toThrow(
      /ended with 1: .*sallyport: cannot listen on .*EADDRINUSE.*--port/s,
    )
  })

  it('lets a running call end before it ends itself', async () => {
    const demo = await startDemo('--json')
    const { gateway, users } = demo.announced()
    const hers = await connectClient(`${gateway}/mcp`, users[0]?.apiKey ?? '', 'pinned')
    let stopped: Promise<number | null> | undefined
    const onprogress = () => {
      stopped ??= demo.stop('SIGTERM')
    }
    expect(await hers.call('count_slowly', { to: 4, pauseMs: 250 }, { onprogress, timeout: 15_000 })).toEqual(
      { counted: 4 },
    )
    expect(await stopped).toBe(0)
  })
})

describe('sallyport demo', () => {
  it('prints commands that work as they stand', async () => {
    const demo = await startDemo()
    const lines = demo
      .output()
      .split('\n')
      .map((line) => line.trim())
    const commands = lines.filter((line) => line.startsWith('curl '))
    const answers: string[] = []
    for (const command of commands) answers.push(await paste(command))
    expect(answers).toEqual([
      ...['analytical', 'compilers'].flatMap((workspace) => [
        expect.stringContaining('"protocolVersion":"2025-11-25"') as string,
        expect.stringContaining('"name":"count_slowly"') as string,
        expect.stringContaining(`"workspace":"${workspace}"`) as string,
        expect.stringContaining('"note":{') as string,
        expect.stringMatching(/"notes":\[\{[^\]]*\}\]/) as string,
      ]),
      expect.stringContaining('"code":40100') as string,
      expect.stringContaining('"notes":[]') as string,
      expect.stringContaining('sallyport_build_info') as string,
    ])

    const revoke = lines.find((line) => line.startsWith('npx sallyport keys revoke')) ?? ''
    await paste(revoke.replace('npx sallyport', `"${process.execPath}" "${bin}"`))
    expect(await paste(commands[2] ?? '')).toContain('"reason":"revoked_key"')
    expect(await paste(commands[7] ?? '')).toContain('"workspace":"compilers"')
    expect(await demo.stop('SIGINT')).toBe(0)
  })
})
