import { describe, expect, it } from 'vitest'
import { onEachDatabase } from '../storage/databases.ts'
import { operator } from '../support/gateway.ts'

const day = 86_400_000
const start = 1_700_000_000_000

onEachDatabase((databases) => {
  describe('auth 5: sweeps', () => {
    it('bring no revoked token back: what was revoked stays so for as long as a token of it is in time', async () => {
      const store = await databases.newStore()
      await store.users.add(
        { id: 'usr_a', email: 'a@example.com', workspace: 'default', role: 'user', at: start },
        operator,
      )
      const family = { consentId: 'con_a', clientId: 'cli_a' }
      const code = { kind: 'AuthorizationCode', idHash: 'code', payload: '', expiresAt: start } as const
      await store.artifacts.save(code)
      await store.artifacts.redeem('AuthorizationCode', 'code', family, start)
      await store.accessTokens.record({
        ...family,
        id: 'token',
        familyId: 'code',
        userId: 'usr_a',
        workspace: 'default',
        refreshTokenHash: null,
        issuedAt: start,
        // The longest an access token may live.
        expiresAt: start + day,
      })
      expect(await store.artifacts.revokeFamily('code', start + 1)).toBe(true)
      // Clocks differ: a token is taken for some seconds behind its end.
      const now = start + day + 2000
      await store.artifacts.sweep(now, now - day, 500)
      await store.accessTokens.forgetBefore(now - day, 500)
      expect((await store.accessTokens.findForCall('token'))?.revokedAt).toBe(start + 1)
    })

    it('take what anybody can make as soon as it is over, and the rest a day later', async () => {
      const store = await databases.newStore()
      const kept = (kind: 'Interaction' | 'AuthorizationCode') => store.artifacts.find(kind, 'x')
      for (const kind of ['Interaction', 'AuthorizationCode'] as const)
        await store.artifacts.save({ kind, idHash: 'x', payload: '', expiresAt: start })
      await store.artifacts.sweep(start, start - day, 500)
      expect([await kept('Interaction'), await kept('AuthorizationCode')]).not.toContain(undefined)
      await store.artifacts.sweep(start + 1, start + 1 - day, 500)
      expect(await kept('Interaction')).toBeUndefined()
      expect(await kept('AuthorizationCode')).toBeDefined()
      await store.artifacts.sweep(start + day + 1, start + 1, 500)
      expect(await kept('AuthorizationCode')).toBeUndefined()
    })
  })
})
