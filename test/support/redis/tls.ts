import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { onTestFinished, TestRunner } from 'vitest'
import { temporaryDirectory } from '../temp.js'

/** A certificate that nobody knows, of an authority of its own, for `localhost` and 127.0.0.1. */
export interface Certificate {
  /** Its file, in PEM. */
  readonly path: string
  readonly pem: string
  readonly key: string
}

/** Makes a certificate with the program openssl. */
export function makeCertificate(): Certificate {
  const folder = temporaryDirectory()
  const [key, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const args = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', path, '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  ]
  execFileSync('openssl', args, { stdio: 'ignore' })
  return { path, pem: readFileSync(path, 'utf8'), key: readFileSync(key, 'utf8') }
}

/** TLS in front of a server that has none. */
export interface TlsFront {
  readonly port: number
  /** Ends all connections. The next ones are accepted. */
  readonly cut: () => void
  readonly close: () => void
}

/** Listens on loopback. The end of the test closes it; outside of a test, the caller does. */
export async function startTls(to: { readonly port: number }, { key, pem }: Certificate): Promise<TlsFront> {
  const open = new Set<() => void>()
  const server = createServer({ key, cert: pem }, (secure) => {
    const plain = connect(to.port, '127.0.0.1')
    const end = (): void => {
      open.delete(end)
      plain.destroy()
      secure.destroy()
    }
    open.add(end)
    for (const socket of [plain, secure]) socket.on('error', end).on('close', end)
    secure.pipe(plain).pipe(secure)
  })
  server.on('tlsClientError', () => undefined) // the client says why
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => open.forEach((end) => end())
  const close = (): void => {
    server.close()
    cut()
  }
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(close)
  return { port: (server.address() as AddressInfo).port, cut, close }
}
