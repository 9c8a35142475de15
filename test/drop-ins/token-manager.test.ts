import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import express, { type RequestHandler } from 'express'
import jsonwebtoken from 'jsonwebtoken'
import { configure, defaultRevocade, RevocadeError } from 'revocade'
import { MemoryStore } from 'revocade/testing'
import ts from 'typescript'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { Authenticated, TokenManager } from '#dist/drop-ins/token-manager.js'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { ROOT } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds } from '../support/time.js'
import type * as fixture from './fixtures/account.js'

const key = 'a secret of at least thirty-two bytes'
const FIXTURE = join(ROOT, 'test/drop-ins/fixtures/account.ts')

const sign = (claims: object) => jsonwebtoken.sign(claims, key, { expiresIn: '1h' })
const verify = (token: string): object =>
  jsonwebtoken.verify(token, key, { algorithms: ['HS256'] }) as jsonwebtoken.JwtPayload
const requestWith = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const refusal = (status: number, reason: string) =>
  expect.objectContaining({ name: 'RefusedRequest', status, reason }) as Error

/** Compiles the fixture with its types, as a project does, and loads it. */
async function compiled(experimentalDecorators: boolean): Promise<typeof fixture> {
  const outDir = temporaryDirectory()
  const program = ts.createProgram([FIXTURE], {
    experimentalDecorators,
    outDir,
    rootDir: ROOT,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
    noEmitOnError: true,
  })
  const { diagnostics } = program.emit()
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics]
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  writeFileSync(`${outDir}/package.json`, '{"type":"module"}')
  return (await import(
    pathToFileURL(join(outDir, 'test/drop-ins/fixtures/account.js')).href
  )) as typeof fixture
}

describe('TokenManager', () => {
  process.env.REVOCADE_STORE = `${temporaryDirectory()}/revocade.db`
  afterAll(async () => (await defaultRevocade()).close())

  it('of the environment blacklists a token for as long as it is good', async () => {
    const { blacklist, isBlacklisted } = TokenManager.fromEnv()
    const [token, other] = [sign({ sub: 'u', jti: 'a' }), sign({ sub: 'u', jti: 'b' })]
    expect(await isBlacklisted(token)).toBe(false)
    const { expiresAt, durable } = await blacklist(token, { reason: 'logout' })
    expect(durable).toBe(true)
    expect(expiresAt.getTime() / 1000).toBe(jsonwebtoken.decode(token, { json: true })?.exp)
    expect(await isBlacklisted(token)).toBe(true)
    expect(await isBlacklisted(other)).toBe(false)
    expect(await TokenManager.fromEnv().isBlacklisted(token)).toBe(true)
    await expect(blacklist({ jti: 'c' })).rejects.toThrow(ourError('ERR_NO_EXPIRY'))
    await expect(blacklist(`Bearer ${token}`)).rejects.toThrow(ourError('ERR_INVALID_TOKEN', 'Bearer'))
  })

  it('goes on when the engine of the process was closed and is another one', async () => {
    const manager = TokenManager.fromEnv()
    const token = sign({ sub: 'u', jti: 'closed' })
    expect(await manager.isBlacklisted(token)).toBe(false)
    expect(manager.isClearlyActive(token)).toBe(true)
    await (await defaultRevocade()).close()
    expect(manager.isClearlyActive(token)).toBe(false)
    configure({ store: new MemoryStore() })
    await manager.blacklist(token)
    expect(await manager.isBlacklisted(token)).toBe(true)
    expect((await defaultRevocade()).stats().store.kind).toBe('memory')
  })

  it('takes an engine, a promise of one, and nothing else', async () => {
    const engine = await open({ store: new MemoryStore() })
    await new TokenManager(engine).blacklist({ jti: 'a', exp: inSeconds(60) })
    expect(await new TokenManager(Promise.resolve(engine)).isBlacklisted({ jti: 'a' })).toBe(true)
    expect(await new TokenManager(() => Promise.resolve(engine)).check({ jti: 'a' })).toMatchObject({
      status: 'revoked',
    })
    await expect(
      new TokenManager(Promise.reject(new Error('gone'))).isBlacklisted({ jti: 'a' }),
    ).rejects.toThrow('gone')
    for (const wrong of [undefined, null, {}, 'engine'])
      expect(() => new TokenManager(wrong as never)).toThrow(ourError('ERR_CONFIG', 'needs an engine'))
  })
})

describe.each([
  ['standard decorators', false],
  ['experimentalDecorators', true],
])('@Authenticated() with %s', (_, experimentalDecorators) => {
  let loading: Promise<typeof fixture> | undefined
  async function world() {
    const { accountWith } = await (loading ??= compiled(experimentalDecorators))
    const manager = new TokenManager(await open({ store: new MemoryStore() }))
    const Account = accountWith(Authenticated, { manager, verify })
    return { manager, Account, account: new Account() }
  }

  it('calls a method for a good token, and not for a bad or a blacklisted one', async () => {
    const { manager, account } = await world()
    const token = sign({ sub: 'u', jti: 'a' })
    const request = requestWith(token)
    expect(await account.show(request)).toBe('account of u')
    expect(request).toMatchObject({ auth: { sub: 'u' } })
    await manager.blacklist(token)
    const again = requestWith(token)
    await expect(account.show(again)).rejects.toThrow(refusal(401, 'revoked'))
    expect(again).not.toHaveProperty('auth')
    await expect(account.show({ headers: {} })).rejects.toThrow(refusal(401, 'missing'))
    await expect(account.show(requestWith(`${sign({ sub: 'u' }).slice(0, -4)}AAAA`))).rejects.toThrow(
      refusal(401, 'invalid'),
    )
    const forged = jsonwebtoken.sign({ sub: 'admin', jti: 'b' }, 'the secret of somebody else')
    await expect(account.show(requestWith(forged))).rejects.toThrow(refusal(401, 'invalid'))
    expect(account.seen).toEqual(['u'])
  })

  it('finds the request elsewhere, and serves static methods', async () => {
    const { Account, account } = await world()
    const request = requestWith(sign({ sub: 'u', jti: 'a' }))
    expect(await account.rename('Ada', request)).toBe('u is Ada')
    expect(await Account.about(request)).toBe('about u')
    expect(account.open()).toBe('open')
    expect([account.rename.name, account.rename.length, Account.about.name]).toEqual(['rename', 2, 'about'])
    await expect(account.show('Ada' as never)).rejects.toThrow(ourError('ERR_CONFIG', "option 'request'"))
    expect(account.seen).toEqual([])
  })

  it('answers requests of Express', async () => {
    const { manager, account } = await world()
    const app = express()
    app.get('/', ((req, res) => account.send(req, res)) as RequestHandler)
    const server = app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    const token = sign({ sub: 'u', jti: 'a' })
    const { port } = server.address() as AddressInfo
    const ask = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/`, requestWith(token))
      return [answer.status, answer.headers.get('www-authenticate'), await answer.text()] as const
    }
    expect(await ask()).toEqual([200, null, 'account of u'])
    await manager.blacklist(token)
    const [status, challenge] = await ask()
    expect([status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')])
  })
})

describe('@Authenticated()', () => {
  const handler = (options: object): ((request: object) => Promise<unknown>) => {
    const decorate = Authenticated(options as never) as (method: unknown, context: unknown) => unknown
    return decorate((request: object) => Promise.resolve(Reflect.get(request, 'auth')), {
      kind: 'method',
    }) as never
  }

  it('takes claims that were verified before, and a Request of the Fetch standard', async () => {
    const manager = await open({ store: new MemoryStore() })
    const show = handler({ manager, claims: (request: { auth?: object }) => request.auth })
    const auth = { sub: 'u', jti: 'a', exp: inSeconds(60) }
    expect(await show({ headers: {}, auth })).toEqual(auth)
    await expect(show({ headers: {} })).rejects.toThrow(refusal(401, 'missing'))
    await manager.revoke(auth)
    const request = { headers: {}, auth }
    await expect(show(request)).rejects.toThrow(refusal(401, 'revoked'))
    expect(request.auth).toBe(undefined)

    const fetched = handler({ manager, verify })
    const [good, revoked] = [sign({ sub: 'u', jti: 'b' }), sign({ sub: 'u', jti: 'a' })]
    expect(await fetched(new Request('http://localhost', requestWith(good)))).toMatchObject({ sub: 'u' })
    await expect(fetched(new Request('http://localhost', requestWith(revoked)))).rejects.toThrow(
      refusal(401, 'revoked'),
    )
    await expect(fetched(new Request('http://localhost'))).rejects.toThrow(refusal(401, 'missing'))
  })

  it('says 503 when nothing can decide, and calls no method', async () => {
    const gone = () => Promise.reject(new RevocadeError('ERR_STORE_UNAVAILABLE', 'gone'))
    const show = handler({ manager: new TokenManager(gone), verify })
    await expect(show(requestWith(sign({ jti: 'a' })))).rejects.toThrow(refusal(503, 'unknown'))
  })

  it.each([
    [{}, "needs 'verify'"],
    [undefined, 'must be an object'],
    [{ verify: 'key' }, "option 'verify'"],
    [{ verify, request: 1 }, "option 'request'"],
    [{ verify, verfy: 1 }, "did you mean 'verify'"],
    [{ verify, claims: () => ({}) }, "takes the place of 'token' and 'verify'"],
    [{ verify, manager: {} }, 'needs an engine'],
  ])('refuses the options %j', (options, problem) => {
    expect(() => Authenticated(options as never)).toThrow(ourError('ERR_CONFIG', problem))
  })

  it.each([
    ['a class', [Map, { kind: 'class' }]],
    ['a class, in the older way', [Map]],
    ['a field', [undefined, { kind: 'field' }]],
    ['a field, in the older way', [{}, 'field', undefined]],
    ['a static field, in the older way', [Map, 'field', undefined]],
    ['an accessor, in the older way', [{}, 'field', { get: () => 1 }]],
    ['a property that is no function', [{}, 'field', { value: 1 }]],
    ['a parameter', [{}, 'method', 0]],
  ])('refuses %s', (_, args) => {
    const decorate = Authenticated({ verify }) as (...args: unknown[]) => unknown
    expect(() => decorate(...args)).toThrow(ourError('ERR_CONFIG', 'is for methods of a class'))
  })
})
