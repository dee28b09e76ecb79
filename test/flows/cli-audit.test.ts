import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createPseudonyms } from '../../src/telemetry/attribution.ts'
import { openCommandLine } from '../support/command-line.ts'
import type { CommandLine } from '../support/command-line.ts'

const issuer = 'http://127.0.0.1:8787'
const [now, before] = ['n'.repeat(40), 'b'.repeat(40)]
const variables = {
  SALLYPORT_TELEMETRY_ATTRIBUTION_KEY: now,
  SALLYPORT_TELEMETRY_ATTRIBUTION_KEY_ID: 'k2',
  SALLYPORT_TELEMETRY_ATTRIBUTION_PREVIOUS_KEYS: `k1:${before}`,
}
let line: CommandLine
let store: Store
beforeAll(async () => {
  line = await openCommandLine()
  store = openStore(`sqlite:${join(line.folder, 'sallyport.db')}`, {
    clock: systemClock,
    random: systemRandom,
  })
  await store.migrate()
  const row = {
    id: 'usr_ada',
    email: 'ada@example.com',
    workspace: 'analytical',
    role: 'user',
    at: 1,
  } as const
  await store.users.add(row, { kind: 'system', id: null })
})
afterAll(async () => {
  await store.close()
  await line.close()
})

async function hashes(secret: string, id: string) {
  const [person] = await store.users.listPseudonymous()
  const { workspace = '', salt = '' } = person ?? {}
  const made = createPseudonyms({ id, secret })
  return {
    principal: made.principal({ workspace, issuer, subject: 'usr_ada', salt }),
    workspace: made.workspace(workspace),
  }
}

describe('sallyport whois', () => {
  it('finds the person behind a hash of the current and of a previous key, and says so in the audit log', async () => {
    for (const [secret, id] of [
      [now, 'k2'],
      [before, 'k1'],
    ] as const) {
      const { principal, workspace } = await hashes(secret, id)
      const person = await line.run(['whois', principal, '--json'], variables)
      expect(JSON.parse(person.out)).toEqual({
        found: {
          kind: 'principal',
          keyId: id,
          workspace: 'analytical',
          userId: 'usr_ada',
          email: 'ada@example.com',
        },
      })
      const place = await line.run(['whois', workspace], variables)
      expect(place.out).toContain(`workspace analytical (attribution key ${id})`)
      const asked = await store.audit.list({ action: 'pseudonym.resolved', limit: 2 })
      expect(asked.map(({ target }) => target)).toEqual([workspace, principal])
    }
  })

  it('finds nobody behind another key, other text, or without a key', async () => {
    const { principal } = await hashes('x'.repeat(40), 'k3')
    expect(await line.run(['whois', principal], variables)).toMatchObject({ code: 1, out: '' })
    expect(await line.run(['whois', 'ada@example.com'], variables)).toMatchObject({ code: 2 })
    expect((await line.run(['whois', principal])).err).toContain('there is no attribution key')
  })
})

describe('sallyport audit', () => {
  it('shows rows as text, CSV and NDJSON, and notes that it was read', async () => {
    const rows = await line.json<{ rows: { action: string }[] }>(['audit', '--action', 'user.added'])
    expect(rows.rows.map(({ action }) => action)).toEqual(['user.added'])
    const csv = await line.run(['audit', '--target', 'usr_ada', '--format', 'csv'])
    expect(csv.out.split('\n')[0]).toMatch(/^id,time,actorKind/)
    expect(csv.out).toContain('user.added')
    const ndjson = await line.run([
      'audit',
      '--workspace',
      'analytical',
      '--format',
      'ndjson',
      '--limit',
      '1',
    ])
    expect(JSON.parse(ndjson.out)).toHaveProperty('time')
    expect((await store.audit.list({ action: 'audit.read', limit: 9 })).length).toBe(3)
    expect(await line.run(['audit', '--since', 'yesterday'])).toMatchObject({ code: 2 })
  })
})

describe('sallyport users erase', () => {
  it('leaves no way back from a hash that was made before', async () => {
    const { principal } = await hashes(now, 'k2')
    expect(await line.json(['users', 'erase', 'ada@example.com'])).toEqual({ erased: { id: 'usr_ada' } })
    expect(await line.run(['whois', principal], variables)).toMatchObject({ code: 1 })
    expect(await line.run(['users', 'erase', 'ada@example.com'])).toMatchObject({ code: 1 })
  })
})
