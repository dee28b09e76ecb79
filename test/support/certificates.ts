import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A private CA and certificates it has signed: paths of PEM files. */
export interface Certificates {
  readonly ca: string
  readonly server: KeyPair
  readonly client: KeyPair
  /** Of the right name, but of another CA. */
  readonly stranger: KeyPair
  remove(): void
}

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Whether this machine has the openssl command, which makes them. */
export const hasOpenssl = succeeds(['version'])

/** Makes them in a folder of their own. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificates-'))
  const extensions = join(folder, 'extensions')
  writeFileSync(extensions, 'subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:client.test\n')
  const authority = (name: string): KeyPair => {
    const pair = pairOf(name)
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', pair.key, '-out', pair.cert]
    openssl(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject])
    return pair
  }
  const pairOf = (name: string): KeyPair => ({
    cert: join(folder, `${name}.pem`),
    key: join(folder, `${name}-key.pem`),
  })
  const signed = (name: string, by: KeyPair): KeyPair => {
    const pair = pairOf(name)
    const request = join(folder, `${name}.csr`)
    const made = ['-subj', `/CN=${name}`, '-keyout', pair.key, '-out', request]
    openssl(['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...made])
    const signer = ['-CA', by.cert, '-CAkey', by.key, '-CAcreateserial', '-days', '2']
    openssl(['x509', '-req', '-in', request, ...signer, '-extfile', extensions, '-out', pair.cert])
    return pair
  }
  const ca = authority('authority')
  return {
    ca: ca.cert,
    server: signed('server', ca),
    client: signed('client', ca),
    stranger: signed('stranger', authority('other-authority')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

function succeeds(args: readonly string[]): boolean {
  try {
    openssl(args)
    return true
  } catch {
    return false
  }
}
