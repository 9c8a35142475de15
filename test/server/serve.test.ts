import { existsSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSettings } from '#dist/cli/serve/read-settings.js'
import { ENGINE_SETTINGS, flagOf, SERVER_SETTINGS, variableOf } from '#dist/cli/serve/settings.js'
import { noteOnUnknown } from '#dist/cli/unknown-variables.js'
import { SERVER_OPTION_NAMES } from '#dist/server/index.js'
import { send } from '../adapters/request.js'
import { inProcess } from '../cli/in-process.js'
import { Running } from '../support/cli.js'
import { code, readPage, tableRows } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'

const dir = inProcess()
const ADMIN = 'a-token-of-the-admin-0123456789'
/** On stderr, of a server whose store was not there. */
const NEW_STORE =
  'note: there was no store at ./revocade.db: it was made. ' +
  'Services that use another one do not see what is revoked here\n'

interface Line {
  readonly msg: string
  readonly level?: number
  readonly listener?: string
  readonly url?: string
  readonly status?: number
}

const linesOf = ({ stdout }: Running): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

/** The ports of a server process, once it listens. */
async function portsOf(running: Running): Promise<{ readonly check: number; readonly admin: number }> {
  const port = (listener: string): number => {
    const line = linesOf(running).find((line) => line.listener === listener)
    return Number(new URL(line?.url ?? 'http://x:0').port)
  }
  await expect
    .poll(() => [port('listen'), port('adminListen'), running.stderr], { timeout: 60_000 })
    .toEqual([expect.any(Number), expect.any(Number), NEW_STORE])
  await expect.poll(() => port('adminListen'), { timeout: 60_000 }).toBeGreaterThan(0)
  return { check: port('listen'), admin: port('adminListen') }
}

/** What is said when a server starts. */
const BEGIN = /^(?:the store is open|signatures are|listening|the admin page is open)/
const LISTEN = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0']

describe('revocade serve', () => {
  it('answers what is under way after SIGTERM, says that it is not ready, and ends with 0', async () => {
    const running = new Running(['serve', ...LISTEN, '--drain-seconds', '1'], {
      cwd: dir.path,
      env: { REVOCADE_ADMIN_TOKEN: ADMIN },
    })
    const { check, admin } = await portsOf(running)
    const expiresAt = Math.floor(Date.now() / 1000) + 3600
    const bulk = request({
      port: admin,
      path: '/revocations',
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/x-ndjson' },
    })
    const answer = new Promise<string>((resolve, reject) => {
      bulk.once('error', reject)
      bulk.once('response', (reply) => {
        let text = ''
        reply.on('data', (chunk: Buffer) => (text += chunk.toString()))
        reply.once('end', () => resolve(`${reply.statusCode ?? 0} ${text}`))
      })
    })
    bulk.write(`${JSON.stringify({ jti: 'before', expiresAt })}\n`)
    expect((await send(check, '/readyz')).status).toBe(200)
    running.signal('SIGTERM')
    await expect.poll(async () => (await send(check, '/readyz')).status).toBe(503)
    expect((await send(check, '/check')).status).toBe(401)
    await expect.poll(() => send(check, '/readyz').catch(() => 'gone'), { timeout: 60_000 }).toBe('gone')
    bulk.end(JSON.stringify({ jti: 'after', expiresAt }))
    expect(await answer).toMatch(/^200 .*"count":2,/)
    expect(await running.ended).toMatchObject({ code: 0, stderr: NEW_STORE })
    expect(linesOf(running).at(-1)?.msg).toBe('ended')
    const listed = await dir.run(['list', '--json'])
    expect(listed.stdout).toContain('"after"')
  })

  it('writes no token and no secret into its log', async () => {
    const secret = 'a-secret-of-the-client-0123456789'
    const clients = JSON.stringify([{ id: 'gw', secret, tokens: 'any' }])
    const running = new Running(['serve', ...LISTEN, '--log-level', 'trace'], {
      cwd: dir.path,
      env: { REVOCADE_ADMIN_TOKEN: ADMIN, REVOCADE_CLIENTS: clients },
    })
    const { check, admin } = await portsOf(running)
    const token = `eyJhbGciOiJub25lIn0.${'c2VjcmV0'.repeat(9)}.x`
    const authorization = [`Bearer ${ADMIN}`]
    for (const port of [check, admin])
      for (const path of [
        `/check?token=${token}`,
        `/revoke?token=${token}`,
        `/${token}`,
        `/revocations?x=${token}`,
      ])
        for (const method of ['GET', 'POST', 'DELETE'])
          await send(port, path, {
            method,
            authorization,
            headers: { cookie: `t=${token}`, 'x-token': token },
          })
    for (const body of [`token=${token}`, `token=${token}&token=${token}`])
      await fetch(`http://127.0.0.1:${admin}/revoke`, {
        method: 'POST',
        body,
        headers: {
          authorization: `Basic ${btoa(`gw:${secret}`)}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
      })
    running.signal('SIGINT')
    const { code, stdout, stderr } = await running.ended
    expect([code, stderr]).toEqual([0, NEW_STORE])
    expect(stdout).toContain('"route":"/revoke"')
    for (const word of [ADMIN, secret, 'c2VjcmV0', btoa(`gw:${secret}`)]) expect(stdout).not.toContain(word)
  })

  it('writes one line for each request of an admin, whatever it is', async () => {
    const running = new Running(['serve', ...LISTEN], { cwd: dir.path, env: { REVOCADE_ADMIN_TOKEN: ADMIN } })
    const { admin } = await portsOf(running)
    const headers = { authorization: `Bearer ${ADMIN}` }
    const fetched = ['/revocations', '/nowhere', '/%zz', '/livez'].map((path) =>
      fetch(`http://127.0.0.1:${admin}${path}`, { headers }).then(({ status }) => status),
    )
    const statuses = [200, 404, 400, 200]
    expect(await Promise.all(fetched)).toEqual(statuses)
    running.signal('SIGINT')
    await running.ended
    const begin = linesOf(running).filter(({ msg }) => BEGIN.test(msg))
    expect(begin.find(({ msg }) => msg.startsWith('signatures are not verified'))?.level).toBe(40)
    expect(begin.find(({ msg }) => msg === 'the admin page is open')?.url).toBe(
      `http://127.0.0.1:${admin}/ui/`,
    )
    const lines = linesOf(running)
      .filter(({ msg }) => !BEGIN.test(msg))
      .map(({ msg, status }) => [msg, status])
    expect(lines.toSorted()).toEqual([
      ['answered', 200],
      ['answered', 400],
      ['answered', 404],
      ['ended', undefined],
    ])
  })

  it.each([
    [
      'an open listener without credentials',
      ['--admin-listen', '0.0.0.0:0'],
      {},
      /^ERR_CONFIG: option 'adminListen' is reach/,
    ],
    ['an address that is none', ['--listen', '8521'], {}, /^ERR_CONFIG: option 'listen' must be 'host:port'/],
    [
      'a header of which Node.js drops lines',
      ['--token-header', 'Proxy-Authorization'],
      {},
      /^ERR_CONFIG: option 'tokenHeader' can't be 'proxy-authorization': of several lines/,
    ],
    [
      'a policy for longer than revocations are kept',
      ['--policies', '{"late":{"clockToleranceSeconds":61}}'],
      {},
      /^ERR_CONFIG: option 'policies' has 'late' with a clockToleranceSeconds of 61, .* kept for 60 seconds/,
    ],
    [
      'an option in a policy that holds for all of them',
      ['--policies', '{"late":{"verify":false}}'],
      {},
      /^ERR_CONFIG: in the policy 'late': option 'verify' is the same for all policies: remove it/,
    ],
    [
      'an unknown option in a policy',
      ['--policies', '{"late":{"requird":false}}'],
      {},
      /^ERR_CONFIG: in the policy 'late': unknown option 'requird': did you mean 'required'\?\n$/,
    ],
    ['an issuer without key', ['--issuer', 'a'], {}, /^ERR_CONFIG: option 'issuer' needs a key/],
    [
      'a short token',
      [],
      { REVOCADE_ADMIN_TOKEN: 'short' },
      /^ERR_USAGE: the option 'adminToken' \(REVOCADE_ADMIN_TOKEN\) must have at least 16/,
    ],
    [
      'a wrong number in a variable',
      [],
      { REVOCADE_MAX_STALENESS_MS: 'soon' },
      /^ERR_CONFIG: option 'maxStalenessMs' \(REVOCADE_MAX_STALENESS_MS\) must be a number/,
    ],
    [
      'a prefix of Redis in a variable',
      ['--redis', 'redis://h'],
      { REVOCADE_REDIS_PREFIX: '{' },
      /^ERR_CONFIG: option 'redis.keyPrefix' \(REVOCADE_REDIS_PREFIX\) must be/,
    ],
    [
      'a wrong number',
      ['--max-staleness-ms', 'soon'],
      {},
      /^ERR_CONFIG: option 'maxStalenessMs' must be a number/,
    ],
    [
      'JSON that is none',
      [],
      { REVOCADE_CLIENTS: '[{"secret":"x' },
      /^ERR_USAGE: the option 'clients' \(REVOCADE_CLIENTS\) must be JSON\n$/,
    ],
    [
      'a file that is not there',
      ['--config', 'none.json'],
      {},
      /^ERR_FILE: the file of --config, none\.json, can't be read: there is no/,
    ],
    ['a secret as a flag', ['--admin-token', 'x'], {}, /^ERR_USAGE: unknown option/],
    [
      'an empty secret',
      [],
      { REVOCADE_HMAC_SECRET: '' },
      /^ERR_USAGE: REVOCADE_HMAC_SECRET is empty: set it, or unset it if no signature is to be verified\n$/,
    ],
    [
      'an empty token of the admin',
      [],
      { REVOCADE_ADMIN_TOKEN: '' },
      /^ERR_USAGE: REVOCADE_ADMIN_TOKEN is empty: set it, or unset it if there is to be none\n$/,
    ],
    [
      'a short secret',
      [],
      { REVOCADE_HMAC_SECRET: 'short' },
      /^ERR_CONFIG: option 'hmacSecret' \(REVOCADE_HMAC_SECRET\) must be .* 32 characters: it has 5\n$/,
    ],
    [
      'a key set that is not there',
      ['--jwks', 'none.json'],
      {},
      /^ERR_CONFIG: option 'jwks' must be a URL, or the path of a JSON Web Key Set: there is no such file/,
    ],
    [
      'a key set by FTP',
      ['--jwks', 'ftp://issuer.example/jwks.json'],
      {},
      /^ERR_CONFIG: option 'jwks' must be a URL, .*: the URL is not of http or https\n$/,
    ],
    [
      'own tokens without a key',
      [],
      { REVOCADE_CLIENTS: '[{"id":"a","secret":"0123456789abcdef"}]' },
      /^ERR_CONFIG: the client 'a' may revoke only its own tokens, and without a key/,
    ],
  ])('refuses %s, and makes no store', async (_what, args, env, message) => {
    const { code, stdout, stderr } = await dir.run(['serve', ...LISTEN, ...args], { env })
    expect([code, stdout, existsSync(join(dir.path, 'revocade.db'))]).toEqual([2, '', false])
    expect(stderr).toMatch(message)
  })

  it('says which address is taken and which flag gives it, and makes no store', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const args = ['--listen', '127.0.0.1:0', '--admin-listen', `127.0.0.1:${port}`, '--log-level', 'silent']
    const { code, stderr } = await dir.runProcess(['serve', ...args], { env: { REVOCADE_LISTN: 'a' } })
    taken.close()
    expect([code, stderr]).toEqual([
      2,
      "note: unknown environment variables are ignored: REVOCADE_LISTN (did you mean 'REVOCADE_LISTEN'?)\n" +
        `ERR_CONFIG: option 'adminListen' (--admin-listen) is 127.0.0.1:${port}, which is in use already ` +
        '(EADDRINUSE): give another one\n',
    ])
    expect(existsSync(join(dir.path, 'revocade.db'))).toBe(false)
  })

  it('says what to install, where a package is missing', async () => {
    const hooks = `export function resolve(name, context, next) {
      if (name !== 'fastify') return next(name, context)
      throw Object.assign(new Error("Cannot find package 'fastify' imported from x"), {
        code: 'ERR_MODULE_NOT_FOUND',
      })
    }`
    const register = `import { register } from 'node:module'
      register('data:text/javascript,${encodeURIComponent(hooks).replaceAll("'", '%27')}')`
    const running = new Running(['serve', ...LISTEN], {
      cwd: dir.path,
      nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(register)}`],
    })
    const { code, stderr } = await running.ended
    expect([code, stderr]).toEqual([
      2,
      'ERR_PEER_MISSING: serve needs the package fastify, which is not installed: ' +
        'npm install fastify @fastify/rate-limit jose\n',
    ])
  })
})

describe('the options of serve', () => {
  it('come from flags, else from the environment, else from the file', async () => {
    const file = join(temporaryDirectory(), 'serve.json')
    const inFile = {
      listen: 'a:1',
      adminListen: 'a:2',
      logLevel: 'warn',
      claims: ['sub', ['a', 'b']],
      store: 'f.db',
    }
    writeFileSync(file, JSON.stringify(inFile))
    const env = { REVOCADE_ADMIN_LISTEN: 'b:2', REVOCADE_LOG_LEVEL: 'debug', REVOCADE_STORE: '' }
    const options = await readSettings({ logLevel: 'fatal' }, env, file)
    expect(options).toMatchObject({ listen: 'a:1', adminListen: 'b:2', logLevel: 'fatal' })
    expect(options.engine).toMatchObject({ claims: ['sub', ['a', 'b']], store: 'f.db' })
  })

  it('are read by their kind', async () => {
    const env = {
      REVOCADE_ADMIN_TOKEN: ADMIN,
      REVOCADE_CLAIMS: 'sid,client_id+sub,sub@auth_time',
      REVOCADE_EXCLUSIVE: 'true',
      REVOCADE_ISSUER: 'a, b',
      REVOCADE_POLICIES: '{"public":{"required":false}}',
      REVOCADE_REDIS_PREFIX: 'p',
      REVOCADE_REDIS_URL: 'redis://h',
    }
    const options = await readSettings({ drainSeconds: '5' }, env, undefined)
    expect(options).toMatchObject({
      admins: [{ name: 'admin', token: ADMIN }],
      drainSeconds: 5,
      issuer: ['a', 'b'],
      policies: { public: { required: false } },
    })
    expect(options.engine).toMatchObject({
      claims: ['sid', ['client_id', 'sub'], { claims: ['sub'], issuedAt: 'auth_time' }],
      exclusive: true,
      redis: { url: 'redis://h', keyPrefix: 'p' },
    })
  })

  it.each([
    ['{\n  "listen": "a:1",\n}', 3, 1],
    ['{"listen": \'a:1\'}', 1, 12],
    ['{"listen": "a:1" "logLevel": "warn"}', 1, 18],
    ['{"clients": [{"secret": "hunter2"}', 1, 35],
    ['{"listen": "a:1\n"}', 1, 16],
    ['{"a": 1}}', 1, 9],
    ['{"a": tru}', 1, 10],
    ['{"a": -}', 1, 8],
    ['{a: 1}', 1, 2],
    ['', 1, 1],
  ])('that a file has in bad JSON are refused, with the place: %j', async (text, line, column) => {
    const file = join(temporaryDirectory(), 'serve.json')
    writeFileSync(file, text)
    await expect(readSettings({}, {}, file)).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: `the file of --config, ${file}, is not valid JSON: see line ${line}, column ${column}`,
    })
  })

  it('that are mistyped variables are named, without their values', () => {
    const ofKubernetes = {
      REVOCADE_SERVICE_HOST: '10.0.0.1',
      REVOCADE_SERVICE_PORT: '8521',
      REVOCADE_PORT: 'tcp://10.0.0.1:8521',
      REVOCADE_PORT_8521_TCP_ADDR: '10.0.0.1',
    }
    const env = { ...ofKubernetes, REVOCADE_TEST_SEED: '1', REVOCADE_CONFIG: 'a.json', REVOCADE_SECRET: 's' }
    expect(noteOnUnknown(env)).toBeUndefined()
    const mistyped = { REVOCADE_ADMIN_TOKN: 'hunter2', REVOCADE_PORT: '8521', REVOCADE_MAX_STALENES_MS: '1' }
    expect(noteOnUnknown({ ...env, ...mistyped })).toBe(
      'unknown environment variables are ignored: REVOCADE_PORT, ' +
        "REVOCADE_ADMIN_TOKN (did you mean 'REVOCADE_ADMIN_TOKEN'?), " +
        "REVOCADE_MAX_STALENES_MS (did you mean 'REVOCADE_MAX_STALENESS_MS'?)",
    )
  })

  it('that a file names and that are unknown are refused', async () => {
    const file = join(temporaryDirectory(), 'serve.json')
    writeFileSync(file, '{"lissten":"a:1"}')
    await expect(readSettings({}, {}, file)).rejects.toMatchObject({
      message: "unknown option 'lissten': did you mean 'listen'?",
    })
  })

  it('are those of docs/serve.md, with their variables and flags', () => {
    const sections = readPage('docs/serve.md').split(/^### /m)
    const rowsOf = (heading: string): string[][] =>
      tableRows(sections.find((text) => text.startsWith(heading)) ?? '').map((row) =>
        row.slice(0, 3).map(code),
      )
    const written = (settings: typeof SERVER_SETTINGS) =>
      settings.map((setting) => [
        setting.name,
        variableOf(setting),
        setting.secret === true ? '' : flagOf(setting),
      ])
    expect(rowsOf('The server')).toEqual(written(SERVER_SETTINGS))
    expect(rowsOf('The engine')).toEqual(written(ENGINE_SETTINGS))
    const names = SERVER_SETTINGS.map(({ name }) => name).filter((name) => name !== 'adminToken')
    expect(names).toEqual([...SERVER_OPTION_NAMES])
  })
})
