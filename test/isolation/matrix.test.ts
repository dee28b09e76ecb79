import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CellJudge } from './cells.ts'
import type { Tried } from './cells.ts'
import { credentialRules } from './credentials.ts'
import { routeRule, unservedPaths } from './rules.ts'
import type { Cell } from './rules.ts'
import { createWorld, sessionKinds, upstreamNames } from './world.ts'
import type { World } from './world.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']

describe.each([
  { adminOnMcp: false, title: 'with the admin token kept off MCP endpoints' },
  { adminOnMcp: true, title: 'with the admin token let onto MCP endpoints' },
])('the isolation matrix $title', ({ adminOnMcp }) => {
  const credentials = credentialRules(adminOnMcp)
  let world: World
  let judge: CellJudge
  beforeAll(async () => {
    world = await createWorld(adminOnMcp)
    judge = new CellJudge(world)
  })
  afterAll(async () => {
    judge.close()
    await world.close()
  })

  it('has a rule for each route, with the methods the route has', () => {
    for (const [path, { template, methods }] of world.routes)
      expect({ path, methods }).toStrictEqual({ path, methods: routeRule(template).methods })
    expect(world.routes.size).toBe(50)
  })

  it.each(Object.keys(credentials))(
    'T2, T5: holds for %s on every route, method and session',
    async (name) => {
      const wrong: string[] = []
      for (const cell of cellsOf(world, adminOnMcp, name)) {
        const complaints = await judge.judge(cell)
        const { method, path, session } = cell
        if (complaints.length > 0)
          wrong.push(`${method} ${path}, session ${session}: ${complaints.join('; ')}`)
      }
      expect(wrong).toStrictEqual([])
    },
  )

  it('T10: answers alike for what does not exist and what is not theirs, but for the request id', () => {
    const each = [...cellsOf(world, adminOnMcp, 'no credential')].length
    expect(judge.tried.length).toBe(each * Object.keys(credentials).length)
    for (const reason of ['session_unknown', 'upstream_unknown', 'unknown_key', 'account_inactive']) {
      const answers = judge.tried.filter(
        ({ expected, method }) => method !== 'HEAD' && 'refused' in expected && expected.refused === reason,
      )
      expect(answers.length).toBeGreaterThan(20)
      expect([...new Set(answers.map(({ bytes }) => bytes))], reason).toHaveLength(1)
    }
    console.info(
      `${judge.tried.length} cells, ${refusals(judge.tried)} refused, ${forwarded(judge.tried)} forwarded`,
    )
  })

  it('lets nothing reach an upstream but what it forwards', () => {
    const calls = upstreamNames.reduce((sum, name) => sum + (world.upstreams.get(name)?.calls.length ?? 0), 0)
    expect(calls).toBe(forwarded(judge.tried))
    expect(calls).toBeGreaterThan(100)
    // The whole shape of a key: three characters alone are in an assertion's signature by chance now and then.
    for (const { calls } of world.upstreams.values())
      for (const { rawHeaders } of calls)
        expect(rawHeaders.join('\n')).not.toMatch(/sp_[0-9A-Za-z]{12}_|admin-token/)
  })
})

it('fails for a route that has no rule', () => {
  expect(() => routeRule('/api/v1/keys')).toThrow('has no rule')
})

function* cellsOf(world: World, adminOnMcp: boolean, name: string): Generator<Cell> {
  const credential = credentialRules(adminOnMcp)[name]
  if (credential === undefined) throw new Error(`there is no credential ${name}`)
  const served = [...world.routes].map(([path, { template, surface }]) => ({
    path: path.replace('{}', 'nobodys'),
    template: String(template),
    surface,
  }))
  const unserved = Object.keys(unservedPaths).map((path) => ({ path, template: null, surface: 'other' }))
  for (const { path, template, surface } of [...served, ...unserved]) {
    const isPage = surface === 'pages'
    const upstream = upstreamAt(path, template)
    for (const session of sessionKinds) {
      const known = world.sessions.get(upstream ?? 'code')
      if (session !== 'none' && known?.[session] === undefined) continue
      // Sessions of MCP mean nothing there: two of them show it.
      if ((isPage || surface === 'oauth') && session !== 'none' && session !== 'mine') continue
      for (const method of methods)
        yield { path, template, upstream, method, isPage, credential, session, metricsToken: !adminOnMcp }
    }
  }
}

function upstreamAt(path: string, template: string | null) {
  if (template === null || !path.startsWith('/mcp')) return null
  return path === '/mcp' ? 'code' : (upstreamNames.find((name) => path === `/mcp/${name}`) ?? null)
}

const refusals = (tried: readonly Tried[]) => tried.filter(({ expected }) => 'refused' in expected).length
const forwarded = (tried: readonly Tried[]) => tried.filter(({ expected }) => 'forwarded' in expected).length
