import { describe, expect, it } from 'vitest'
import { errorWords } from './error-words.ts'

const asked = {
  clientId: 'https://client.example:8443/secret-path/app.json',
}

describe('the words of an error page', () => {
  it('say which it was, and of what was sent no more than the host', () => {
    expect(errorWords('metadata_document_failed', asked)).toContain(
      'metadata document at client.example:8443 could not be used',
    )
    expect(errorWords('redirect_mismatch', asked)).toContain('that is not registered for it')
    expect(errorWords('unknown_client', asked)).toContain('is not known here')
    expect(errorWords('client_pending', asked)).toContain('An administrator must approve it')
    expect(errorWords('client_inactive', asked)).toContain('switched off')
    const reasons = [
      'metadata_document_failed',
      'redirect_mismatch',
      'unknown_client',
      'client_pending',
      'client_inactive',
    ] as const
    for (const reason of reasons) expect(errorWords(reason, asked)).not.toContain('secret')
  })

  it('have nothing to say of hosts that are none', () => {
    for (const clientId of [null, '', 'no url', 'com.example.app:/callback', 'javascript:alert(1)'])
      expect(errorWords('metadata_document_failed', { clientId })).toContain('an unknown host')
  })

  it("leave the rest to the library's own", () => {
    expect(errorWords('pkce_failed', asked)).toBeNull()
    expect(errorWords(null, asked)).toBeNull()
  })
})
