import { Failure } from '../lib/error.ts'
import { newId } from '../lib/id.ts'
import type { Config } from '../config/load.ts'
import { findPseudonym } from '../identity/find-pseudonym.ts'
import { attributionKeys } from '../telemetry/attribution-keys.ts'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { withStore } from './with-store.ts'

export const whoisCommand: Command = {
  name: 'whois',
  summary:
    'Finds the principal, workspace or credential behind a pseudonym; the audit log says that you asked.',
  operands: ['HASH'],
  flags: {},
  run: (context) =>
    withStore(context, async ({ store, config }) => {
      const { input, surroundings, print } = context
      const hash = (input.words[0] ?? '').trim().toLowerCase()
      if (!/^[0-9a-f]{32}$/.test(hash)) {
        throw new UsageError('a pseudonym is 32 hex digits', 'copy it from user.hash or principal_hash')
      }
      const keys = attributionKeys(config.settings)
      if (keys.length === 0) throw noKey()
      const found = findPseudonym(hash, keys, issuerOf(config), await store.users.listPseudonymous())
      await store.audit.append([
        {
          id: newId('aud', surroundings.random),
          time: surroundings.clock.now(),
          actorKind: 'admin',
          actorId: null,
          workspace: found?.workspace ?? null,
          clientId: null,
          credentialId: null,
          address: null,
          action: 'pseudonym.resolved',
          target: hash,
          outcome: found === null ? 'failed' : 'success',
          reason: null,
          requestId: null,
          traceId: null,
          count: 1,
        },
      ])
      if (found === null) throw unknown(hash)
      if (input.json) return print(JSON.stringify({ found }))
      const { kind, keyId, workspace } = found
      const who = 'email' in found ? `${found.email} (${found.userId}), ` : ''
      const credential = 'credentialId' in found ? `key ${found.credentialId} of ` : ''
      print(`${kind}: ${credential}${who}workspace ${workspace} (attribution key ${keyId})`)
    }),
}

function issuerOf({ settings }: Config): string {
  return (settings.publicUrl ?? `http://127.0.0.1:${settings['listen.port']}`).replace(/\/$/, '')
}

function noKey(): Failure {
  const fix = 'set telemetry.attribution.key, or the previous keys, to those the hash was made with'
  return new Failure({ code: 'no_attribution_key', status: 500, message: 'there is no attribution key', fix })
}

function unknown(hash: string): Failure {
  const message = `nobody is found behind ${hash}`
  const fix = 'it may be of an erased person, of a deleted key epoch, or of another publicUrl'
  return new Failure({ code: 'pseudonym_unknown', status: 404, message, fix })
}
