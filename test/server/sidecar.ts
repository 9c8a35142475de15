import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { exportJWK, SignJWT } from 'jose'
import { type RunningServer, type ServerOptions, startServer } from '#dist/server/index.js'
import { temporaryDirectory } from '../support/temp.js'

export const ISSUER = 'https://issuer.example'
export const EDITOR = 'the-token-of-an-editor-0123456789'
export const VIEWER = 'the-token-of-a-viewer-0123456789'
/** A `+`, a `%` and a colon: they differ between the readings of HTTP Basic. */
export const CLIENT = { id: 'the client', secret: 'its+secret%:0123456789' }
export const OTHER_CLIENT = { id: 'other', secret: 'the-secret-of-the-other-client' }

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
/** The key of the issuer, as its key set. */
export const KEY_SET = JSON.stringify({
  keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }],
})
const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const nowSeconds = (): number => Math.floor(Date.now() / 1000)
let tokens = 0

/** A token of the issuer, signed by jose, each with another `jti`. */
export function mint(claims: object = {}, key = privateKey): Promise<string> {
  const now = nowSeconds()
  const given = {
    iss: ISSUER,
    sub: 'user-1',
    aud: 'api',
    jti: `t${++tokens}`,
    client_id: CLIENT.id,
    iat: now - 60,
    exp: now + 3600,
  }
  return new SignJWT({ ...given, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(key)
}

/** A token with the signature of another key. */
export const forge = (claims: object = {}): Promise<string> => mint(claims, forger)

/** The options of a server with a store and keys of its own, in a folder. */
export function optionsIn(folder: string, { engine, ...more }: Partial<ServerOptions> = {}): ServerOptions {
  const jwks = join(folder, 'jwks.json')
  writeFileSync(jwks, KEY_SET)
  return {
    engine: { store: join(folder, 'revocade.db'), maxTokenLifetimeSeconds: 3600, ...engine },
    listen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    jwks,
    issuer: ISSUER,
    admins: [
      { name: 'alice', token: EDITOR },
      { name: 'bob', token: VIEWER, role: 'viewer' },
    ],
    clients: [CLIENT, { ...OTHER_CLIENT, tokens: 'any' }],
    logLevel: 'silent',
    ...more,
  }
}

/** A server in this process, with a store and keys of its own. */
export async function sidecar(
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { readonly check: number; readonly admin: number; readonly folder: string }> {
  const folder = temporaryDirectory()
  const server = await startServer(optionsIn(folder, options))
  return { ...server, check: server.listen.port, admin: server.adminListen.port, folder }
}

/** What a socket got back after it sent some text: a whole answer, or all until the other side closed it. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    let got = ''
    const end = (): void => {
      socket.destroy()
      resolve(got)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      got += chunk
      const [head, body] = got.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head ?? '')?.[1] ?? NaN)
      if (body !== undefined && body.length >= length) end()
    })
    socket.on('close', end)
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? end() : reject(error),
    )
  })
}
