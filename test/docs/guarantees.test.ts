import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SignJWT } from 'jose'
import {
  createRevocade,
  type Logger,
  type Revocade,
  type RevocadeOptions,
  type RevocationStore,
  type TokenClaims,
} from 'revocade'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBlacklist } from '#dist/drop-ins/express-jwt-blacklist.js'
import { createJwt } from '#dist/drop-ins/jwt.js'
import { createSessions } from '#dist/sessions/index.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { temporaryDirectory } from '../support/temp.js'
import { nowSeconds } from '../support/time.js'

// The eight promises of docs/guarantees.md, from outside: the public API, real files, processes and clock.
// The tests of each part go deeper; these would fail first if a promise were broken where users see it.

let directory: string
let file: string
const engines: Revocade[] = []

beforeEach(() => {
  directory = temporaryDirectory()
  file = join(directory, 'store.db')
})

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
})

async function open(options: RevocadeOptions = {}): Promise<Revocade> {
  const engine = await createRevocade({ store: file, ...options })
  engines.push(engine)
  return engine
}

const claims = (jti: string, more: Readonly<Record<string, unknown>> = {}) => ({
  jti,
  exp: nowSeconds() + 3600,
  ...more,
})

/** A store that counts calls and fails where it is told to. */
function watched(faults: { get?: boolean; poll?: boolean } = {}) {
  const calls = { get: 0, poll: 0, write: 0 }
  const inner = new SqliteStore(file, { integrityCheckDelayMs: Number.POSITIVE_INFINITY })
  const store: RevocationStore = new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const reads = name === 'get' || name === 'getDeciding'
        if (reads) calls.get++
        else if (name === 'poll' || name === 'write') calls[name]++
        const failing = reads ? faults.get : name === 'poll' || name === 'isCurrent' ? faults.poll : false
        if (failing === true) throw new Error('the disk is on fire')
        return Reflect.apply(member, target, args)
      }
    },
  })
  return { store, calls, faults }
}

describe('1. Durable', () => {
  it('a revocation acknowledged before a kill -9 is there afterwards', async () => {
    const child = fileURLToPath(new URL('guarantees-child.mjs', import.meta.url))
    const acknowledged: string[] = []
    for (let round = 0; round < 4; round++) {
      const writer = spawn(process.execPath, [child, file, String(round * 100_000)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let said = ''
      writer.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        // At some moment in the midst of it.
        if (said.length > 200 * (round + 1)) writer.kill('SIGKILL')
      })
      await once(writer, 'close')
      // A line that was cut off is none.
      acknowledged.push(...said.split('\n').slice(0, -1))
    }
    expect(acknowledged.length).toBeGreaterThan(100)
    const revocade = await open()
    for (const n of acknowledged) expect(await revocade.isRevoked(claims(`t${n}`))).toBe(true)
  })
})

describe('2. Read your writes', () => {
  it('no check after a resolved revoke() says "active", whatever goes on', async () => {
    const revocade = await open({ prefilter: { expectedRevocations: 1000 } })
    const one = async (i: number): Promise<void> => {
      const token = claims(`t${i}`)
      expect(await revocade.isRevoked(token)).toBe(false)
      await revocade.revoke(token)
      expect(revocade.isClearlyActive(token)).toBe(false)
      expect(await revocade.isRevoked(token)).toBe(true)
      if (i % 3 > 0) return
      await revocade.unrevoke(token)
      expect(await revocade.isRevoked(token)).toBe(false)
      if (i % 6 > 0) return
      // The cache knows it as not revoked by now.
      await revocade.revoke(token)
      expect(await revocade.isRevoked(token)).toBe(true)
    }
    // Past the filter's size, so that it grows; with others' commits between.
    await Promise.all(Array.from({ length: 3000 }, (_, i) => one(i)))
    for (let i = 0; i < 3000; i++)
      expect(await revocade.isRevoked(claims(`t${i}`))).toBe(i % 3 > 0 || i % 6 === 0)
  })
})

describe('3. Bounded staleness', () => {
  it.each([0, 150])('another engine sees it within Δ = %d ms', async (maxStalenessMs) => {
    const writer = await open()
    const reader = await open({ maxStalenessMs })
    for (let i = 0; i < 15; i++) {
      const token = claims(`t${i}`)
      expect(await reader.isRevoked(token)).toBe(false)
      await writer.revoke(token)
      const committed = performance.now()
      for (let late = 0; late < maxStalenessMs + 30; late = performance.now() - committed) {
        const active = reader.isClearlyActive(token)
        if (late > maxStalenessMs) expect(active).toBe(false)
        await sleep(maxStalenessMs / 10)
      }
      expect(await reader.isRevoked(token)).toBe(true)
    }
  })

  it('an engine that can not follow the store asks it once its lease has ended', async () => {
    const { store, calls, faults } = watched()
    const reader = await open({ store, maxStalenessMs: 100 })
    const writer = await open()
    expect(reader.isClearlyActive(claims('a'))).toBe(true)
    faults.poll = true
    await writer.revoke(claims('a'))
    await sleep(120)
    expect(reader.isClearlyActive(claims('b'))).toBe(false)
    const before = calls.get
    expect(await reader.check(claims('a'))).toMatchObject({ status: 'revoked', decidedBy: 'store' })
    expect(await reader.check(claims('b'))).toMatchObject({ status: 'active', decidedBy: 'store' })
    expect(calls.get).toBeGreaterThan(before)
    faults.poll = false
  })
})

describe('4. Unknown is not active', () => {
  it('the policy decides when nothing else can, and is counted', async () => {
    const { store, faults } = watched()
    const revocade = await open({ store, maxStalenessMs: 50 })
    const token = claims('a')
    expect(await revocade.isRevoked(token)).toBe(false)
    faults.get = faults.poll = true
    await sleep(80)
    expect(revocade.isClearlyActive(token)).toBe(false)
    expect(await revocade.check(token)).toMatchObject({
      status: 'unknown',
      decidedBy: 'policy',
      reason: 'the disk is on fire',
    })
    await expect(revocade.isRevoked(token)).rejects.toMatchObject({
      code: 'ERR_UNAVAILABLE',
      statusCode: 503,
    })
    expect(await revocade.isRevoked(token, { onUnknown: 'revoked' })).toBe(true)
    expect(await revocade.isRevoked(token, { onUnknown: 'active' })).toBe(false)
    expect(revocade.stats().decided.policy).toBe(4)
    faults.get = faults.poll = false
    // Nor is what can't be named or read.
    const nameless: TokenClaims = { iss: 'https://issuer.example' }
    await expect(revocade.isRevoked(nameless)).rejects.toMatchObject({ code: 'ERR_TOKEN_NOT_IDENTIFIABLE' })
    await expect(revocade.isRevoked('')).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    expect(revocade.isClearlyActive('')).toBe(false)
  })
})

describe('5. Exact positives', () => {
  it('a prefilter that is wrong every other time revokes nobody', async () => {
    const revocade = await open({
      prefilter: { falsePositiveRate: 0.5, expectedRevocations: 2000 },
      cacheEntries: 10,
    })
    await revocade.revokeMany(
      Array.from({ length: 2000 }, (_, i) => ({ jti: `r${i}`, expiresAt: nowSeconds() + 3600 })),
    )
    for (let i = 0; i < 2000; i++) {
      expect(await revocade.isRevoked(claims(`a${i}`))).toBe(false)
      const { status, decidedBy } = await revocade.check(claims(`r${i}`))
      expect(status).toBe('revoked')
      expect(['cache', 'store']).toContain(decidedBy)
    }
    expect(revocade.stats().prefilter.measuredFalsePositiveRate).toBeGreaterThan(0.2)
  })
})

describe('6. No I/O for the common case', () => {
  it('a warm engine answers without a call to the store and without a new promise', async () => {
    const { store, calls } = watched()
    const revocade = await open({ store, maxStalenessMs: 60_000 })
    await revocade.revoke(claims('revoked', { sub: 'u' }))
    const before = { ...calls }
    const first = revocade.isRevoked(claims('a', { sub: 'u' }))
    for (let i = 0; i < 10_000; i++) {
      const token = claims(`a${i}`, { sub: 'u', sid: 's' })
      const clearly = revocade.isClearlyActive(token)
      // One in ten thousand takes the closer look.
      if (clearly) expect(revocade.isRevoked(token)).toBe(first)
    }
    expect(calls.get - before.get).toBeLessThan(10)
    expect(calls).toMatchObject({ poll: before.poll, write: before.write })
    expect(revocade.stats().decided.prefilter).toBeGreaterThan(19_990)
  })
})

describe('7. No bearer token at rest or in logs', () => {
  it('no token, signature or opaque string is in any file, log line or error', async () => {
    const lines: string[] = []
    const note = (details: object, message: string): void =>
      void lines.push(
        JSON.stringify(details, (_, value: unknown) =>
          value instanceof Error ? String(value.stack) : value,
        ) + message,
      )
    const logger: Logger = { debug: note, info: note, warn: note, error: note }
    const key = new TextEncoder().encode('a key that is long enough for HS256')
    const sign = (payload: Record<string, unknown>) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(key)
    const tokens = [
      await sign(claims('with-an-id')),
      await sign({ sub: 'nobody', exp: nowSeconds() + 3600 }),
      'opaque-8c3f9a5e1b7d4206',
      'x'.repeat(20_000),
    ]
    const revocade = await open({ logger, maxStalenessMs: 50 })
    for (const token of tokens) {
      const { revoke, isRevoked } = revocade
      for (const call of [
        () => revoke(token, { expiresAt: nowSeconds() + 3600 }),
        () => isRevoked(token),
        () => isRevoked(`${token}\n${token}`),
        () => revoke(token),
      ]) {
        await call().catch((error: unknown) => note({ error }, String(error)))
      }
    }
    expect(await revocade.isRevoked(tokens[2] ?? '')).toBe(true)
    const whileOpen = await contents()
    await revocade.close()
    const secrets = tokens
      .flatMap((token) => [token, ...token.split('.').slice(1)])
      .filter((secret) => secret.length > 20)
    expect(secrets.length).toBeGreaterThan(5)
    for (const text of [whileOpen, await contents(), lines.join('\n')]) {
      for (const secret of secrets) expect(text.includes(secret)).toBe(false)
    }
    expect(whileOpen).toContain('with-an-id') // the claim values are there: the search would find what is
  })

  it('no token that was put into another place is in any file', async () => {
    const key = new TextEncoder().encode('a key that is long enough for HS256')
    const token = await new SignJWT(claims('x')).setProtectedHeader({ alg: 'HS256' }).sign(key)
    const revocade = await open({ claims: ['sub', 'sid', ['sub', 'jti']], maxTokenLifetimeSeconds: 3600 })
    const sessions = createSessions(revocade, { absoluteSeconds: 3600 })
    const jwt = createJwt(revocade)
    const blacklist = createBlacklist(revocade, { tokenId: 'sub', indexBy: 'jti' })
    const expiresAt = nowSeconds() + 3600
    for (const value of [token, `JWT ${token}`, `Authorization: Bearer ${token}`, `user1:${token}`]) {
      const refused: (() => Promise<unknown>)[] = [
        () => revocade.revoke({ jti: value }, { expiresAt }),
        () => revocade.revokeWhere({ sub: value }),
        () => revocade.revokeMany([{ jti: value, iss: 'i', expiresAt }]),
        () => blacklist.revoke({ sub: 'u', jti: value }),
        () => sessions.create({ sub: value }),
        () => sessions.create({ sub: 'u', sid: value }),
      ]
      if (value !== token) refused.push(() => jwt.destroy(value))
      for (const call of refused) await expect(call()).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
      await revocade.revoke(claims('with-a-reason'), { reason: `leaked: ${value}`, actor: value })
      await revocade.unrevoke(claims('with-a-reason'), { actor: value })
      const { refreshToken } = await sessions.create({ sub: 'u', details: { device: `phone ${value}` } })
      await sessions.rotate(refreshToken, { details: { device: `tablet ${value}` } })
      await sessions.revoke({ refreshToken }, { reason: value })
    }
    const whileOpen = await contents()
    await revocade.close()
    for (const text of [whileOpen, await contents()])
      for (const segment of token.split('.').slice(1)) expect(text.includes(segment)).toBe(false)
    for (const kept of ['leaked: ', 'phone ', 'tablet ']) expect(whileOpen).toContain(kept)
  })

  async function contents(): Promise<string> {
    const names = await readdir(directory)
    return (await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))).join('\n')
  }
})

describe('8. Nothing above the store matters', () => {
  const snapshots = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => name.includes('-l0-')).map((name) => join(directory, name))

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['missing', (path) => rm(path)],
    ['empty', (path) => writeFile(path, '')],
    ['garbage', (path) => writeFile(path, 'not a snapshot at all')],
    ['cut short', async (path) => writeFile(path, (await readFile(path)).subarray(0, -40))],
    [
      'wiped where the filter is',
      async (path) => {
        const bytes = await readFile(path)
        // Between the headers and the checksum, see docs/formats.md.
        bytes.fill(0, 24 + bytes.readUInt32LE(12) + 40, bytes.length - 32)
        await writeFile(path, bytes)
      },
    ],
  ])('a snapshot that is %s', async (_, spoil) => {
    const first = await open()
    for (let i = 0; i < 50; i++) await first.revoke(claims(`t${i}`))
    await first.close()
    const [path = ''] = await snapshots()
    await spoil(path)
    const second = await open()
    for (let i = 0; i < 50; i++) expect(await second.isRevoked(claims(`t${i}`))).toBe(true)
    expect(await second.isRevoked(claims('other'))).toBe(false)
    await second.close()
    expect(await snapshots()).toEqual([path]) // healed
  })

  it('a snapshot from a future that a restored backup does not have', async () => {
    const first = await open()
    await first.revoke(claims('before'))
    await first.close()
    const backup = join(directory, 'backup')
    await copyFile(file, backup)
    const second = await open()
    for (let i = 0; i < 20; i++) await second.revoke(claims(`lost${i}`))
    await second.close()
    await copyFile(backup, file)
    // The numbers that the lost changes had are given out again.
    const third = await open({ snapshot: false })
    for (let i = 0; i < 20; i++) await third.revoke(claims(`new${i}`))
    await third.close()
    const fourth = await open()
    for (const jti of ['before', ...Array.from({ length: 20 }, (_, i) => `new${i}`)])
      expect(await fourth.isRevoked(claims(jti))).toBe(true)
    expect(await fourth.isRevoked(claims('lost3'))).toBe(false)
  })
})
