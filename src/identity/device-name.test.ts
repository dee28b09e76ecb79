import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { browserFingerprint } from './browser-fingerprint.ts'
import { deviceName } from './device-name.ts'

const firefox = (version: number) =>
  `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)'

describe('the name of a device', () => {
  it.each([
    [firefox(140), 'Firefox on Linux'],
    [`${mac} Chrome/141.0.0.0 Safari/537.36`, 'Chrome on macOS'],
    [`${mac} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`, 'Edge on macOS'],
    [`${mac} Chrome/141.0.0.0 Safari/537.36 OPR/120.0.0.0`, 'Opera on macOS'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
      'Safari on macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1',
      'Chrome on iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36',
      'Samsung Internet on Android',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
      'Chrome on Windows',
    ],
    ['curl/8.5.0', 'Unknown browser'],
    ['', 'Unknown browser'],
    ['<script>Linux</script>', 'Unknown browser on Linux'],
  ])('is of a short list: %s', (userAgent, name) => expect(deviceName(userAgent)).toBe(name))

  it('is found in no time in a text made to be slow', () => {
    expect(deviceName(`Version/1${' Version/1.'.repeat(100_000)}`)).toBe('Unknown browser')
  })
})

describe('auth 18: the fingerprint of a browser', () => {
  const key = createSecretKey(Buffer.alloc(32, 1))
  const fingerprint = (userAgent: string) => browserFingerprint(userAgent, key)

  it('stays through updates, and changes with the browser and with the system', () => {
    expect(fingerprint(firefox(141))).toBe(fingerprint(firefox(140)))
    expect(fingerprint(firefox(140).replace('X11; Linux', 'Windows NT'))).not.toBe(fingerprint(firefox(140)))
    expect(fingerprint(`${mac} Chrome/141.0.0.0 Safari/537.36`)).not.toBe(
      fingerprint(`${mac} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`),
    )
  })

  it('says nothing to who has no key', () => {
    expect(fingerprint(firefox(140))).toMatch(/^[0-9a-f]{64}$/)
    expect(browserFingerprint(firefox(140), createSecretKey(Buffer.alloc(32, 2)))).not.toBe(
      fingerprint(firefox(140)),
    )
  })
})
