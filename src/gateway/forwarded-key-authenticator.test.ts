import { describe, expect, it } from 'vitest'
import { classifyCredential } from '../principal/credential.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Verdict } from './authenticate.ts'
import { createForwardedKeyAuthenticator } from './forwarded-key-authenticator.ts'

const plain = {
  url: 'http://127.0.0.1:1/mcp',
  isDefault: true,
  auth: 'required',
  accept: [],
  workspaces: [],
  scopes: [],
  timeoutSeconds: 1,
  tls: null,
} as const
const upstream = (name: string, workspace = 'default'): Upstream => ({
  ...plain,
  name,
  identity: { mode: 'forward-key', keyPrefix: 'ci_', workspace },
})
const judge = createForwardedKeyAuthenticator({ subjectKey: Buffer.alloc(32, 1) })
const verdict = (header: string, at = upstream('code'), by = judge) =>
  by(classifyCredential(header), at) as Verdict
const subjectOf = (answer: Verdict) =>
  answer !== 'not_mine' && 'identified' in answer && answer.identified.kind === 'external'
    ? answer.identified.subject
    : null

describe('a key of the upstream', () => {
  it('is an external caller of that upstream and its workspace', () => {
    expect(verdict('Bearer ci_abc', upstream('code', 'west'))).toStrictEqual({
      identified: {
        kind: 'external',
        issuer: 'code',
        subject: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        workspace: 'west',
      },
    })
  })

  it('is the same caller each time, and no other key is', () => {
    expect(subjectOf(verdict('Bearer ci_abc'))).toBe(subjectOf(verdict('bearer ci_abc')))
    expect(subjectOf(verdict('Bearer ci_abc'))).not.toBe(subjectOf(verdict('Bearer ci_abd')))
  })

  it('T3: is another caller at another upstream', () => {
    expect(subjectOf(verdict('Bearer ci_abc', upstream('wiki')))).not.toBe(
      subjectOf(verdict('Bearer ci_abc')),
    )
  })

  it('T36: stands as a keyed hash, which nobody without our key can compute', () => {
    const other = createForwardedKeyAuthenticator({ subjectKey: Buffer.alloc(32, 2) })
    expect(subjectOf(verdict('Bearer ci_abc', upstream('code'), other))).not.toBe(
      subjectOf(verdict('Bearer ci_abc')),
    )
    expect(JSON.stringify(verdict('Bearer ci_abc'))).not.toContain('ci_abc')
  })
})

it.each(['Bearer ci_', 'Bearer xx_abc', 'Bearer CI_abc', 'Bearer xci_abc', 'Bearer sp_abc'])(
  '%s is not taken there, whatever else would take it',
  (header) => {
    expect(verdict(header)).toStrictEqual({ rejected: 'upstream_needs_own_key' })
  },
)

it('elsewhere such a key is nothing to this one', () => {
  const elsewhere: Upstream = { ...plain, name: 'told', identity: { mode: 'assertion' } }
  expect(verdict('Bearer ci_abc', elsewhere)).toBe('not_mine')
})
