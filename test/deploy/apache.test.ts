import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { send } from '../adapters/request.js'
import { mint, sidecar } from '../server/sidecar.js'
import { portToTry } from '../support/redis/free-port.js'
import { makeCertificate, startTls, type TlsFront } from '../support/redis/tls.js'
import { temporaryDirectory } from '../support/temp.js'
import { findProxy } from './find-proxy.js'
import { configured, type RunningProxy, SPELLINGS, startProxy } from './run-proxy.js'

const folder = temporaryDirectory()
const program = await findProxy('apache2', folder)
const SECRET = 'the0secret0of0apache0123456789'
const certificate = makeCertificate()

let server: Awaited<ReturnType<typeof sidecar>>
let tls: TlsFront
let app: Server
/** What has reached the app. */
let seen: IncomingMessage[] = []

beforeAll(async () => {
  server = await sidecar({ clients: [{ id: 'apache', secret: SECRET, tokens: 'any' }] })
  tls = await startTls({ port: server.admin }, certificate)
  app = createServer((incoming, response) => {
    seen.push(incoming)
    response.end('ok')
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  tls.close()
  app.close()
  app.closeAllConnections()
  await server.close()
})

beforeEach(() => {
  seen = []
})

/** Starts Apache with a site of docs/deploy, and the modules that the site says it needs. */
async function runApache(file: string, introspection: readonly [from: number, to: number]) {
  if (typeof program === 'string') throw new Error(program)
  const place = join(folder, file.replaceAll('/', '-'))
  mkdirSync(place, { mode: 0o777 })
  const port = portToTry()
  const [from, to] = introspection
  const ports = { 8080: port, [from]: to, 3000: (app.address() as AddressInfo).port }
  const site = configured(`apache/${file}`, ports)
  const modules = join(dirname(dirname(program.program)), 'lib/apache2/modules')
  const named = /# Modules: (.*)\./.exec(site)?.[1]?.split(', ') ?? []
  writeFileSync(join(place, 'site.conf'), site)
  writeFileSync(
    join(place, 'httpd.conf'),
    `ServerRoot ${place}
    DefaultRuntimeDir ${place}
    Mutex file:${place} default
    PidFile ${place}/pid
    ErrorLog ${place}/error.log
    ServerName localhost
    Listen 127.0.0.1:${port}
    ${['mpm_event', ...named].map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
    <IfModule unixd_module>
      User nobody
    </IfModule>
    Include site.conf\n`,
  )
  const env = { REVOCADE_APACHE_SECRET: SECRET, REVOCADE_CA_FILE: certificate.path }
  return startProxy(program, ['-DFOREGROUND', '-f', join(place, 'httpd.conf')], { place, port, env })
}

describe.each([
  ['mod_oauth2', 'revocade.conf', 'OAUTH2_CLAIM_sub', () => [8522, server.admin] as const],
  ['mod_auth_openidc', 'openidc.conf', 'OIDC_CLAIM_sub', () => [8523, tls.port] as const],
])('Apache with %s, configured as docs/deploy has it', (_module, file, claim, introspection) => {
  let apache: RunningProxy | undefined
  beforeAll(async () => {
    if (typeof program !== 'string') apache = await runApache(file, introspection())
  })
  afterAll(() => apache?.stop())

  const get = (tokens: readonly string[], headers: Readonly<Record<string, string>> = {}) =>
    send(apache?.port ?? 0, '/', { authorization: tokens.map((token) => `Bearer ${token}`), headers })
  const test = (title: string, body: () => Promise<void>): void =>
    it(title, async (context) => {
      if (typeof program === 'string') context.skip(program)
      await body()
    })

  test('lets a good token pass, and no other', async () => {
    const [good, revoked] = [await mint(), await mint()]
    await server.engine.revoke(revoked)
    expect((await get([good])).status).toBe(200)
    for (const tokens of [[revoked], ['x.y.z'], [], [good, revoked], [revoked, good]])
      expect((await get(tokens)).status).toBe(401)
    expect((await get([revoked])).headers['www-authenticate']).toContain('error="invalid_token"')
    expect(seen).toHaveLength(1)
  })

  test('refuses a token once its answer is no longer kept', async () => {
    const token = await mint()
    expect((await get([token])).status).toBe(200)
    await server.engine.revoke(token)
    await expect.poll(async () => (await get([token])).status, { timeout: 20_000 }).toBe(401)
  })

  test('hands no header on that only it may set', async () => {
    const names = [...SPELLINGS, claim, claim.replaceAll('_', '-')]
    const forged = Object.fromEntries(names.map((name) => [name, 'forged']))
    expect((await get([await mint({ sub: 'user-7' })], forged)).status).toBe(200)
    const [reached] = seen
    expect(Object.values(reached?.headers ?? {})).not.toContain('forged')
    expect(Object.values(reached?.headers ?? {})).toContain('user-7')
  })
})
