import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { configure, defaultRevocade, isRevoked, revoke } from 'revocade'
import { expect, it, vi } from 'vitest'
import { optionsFromEnvironment } from '#dist/default-engine.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds } from '../support/time.js'

const directory = temporaryDirectory()
const exp = inSeconds(60)

// Before configure() is called, which goes before the environment for good.
it.each([
  ['redis://app:hunter2@h?family=6', 'REDIS_URL', 'warns'],
  ['valkey://app:hunter2@h', 'REDIS_URL', 'warns'],
  ['valkey://app:hunter2@h', 'REVOCADE_REDIS_URL', 'refuses'],
])('the default engine, given the URL %s in %s, %s', async (url, variable, outcome) => {
  const warnings: unknown[] = []
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation((...args) => void warnings.push(args))
  vi.stubEnv('REVOCADE_STORE', join(directory, `${outcome}.db`))
  vi.stubEnv(variable, url)
  try {
    if (outcome === 'refuses') {
      await expect(defaultRevocade()).rejects.toMatchObject({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(/^option 'redis' \(REVOCADE_REDIS_URL\) is/) as string,
      })
      return
    }
    const engine = await defaultRevocade()
    expect(engine.stats().redis).toBeNull()
    await engine.close()
    expect(warnings).toEqual([
      [expect.stringMatching(/^REDIS_URL is not used: .* Set REVOCADE_REDIS_URL to /), expect.anything()],
    ])
    expect(String(warnings)).not.toContain('hunter2')
  } finally {
    warn.mockRestore()
    vi.unstubAllEnvs()
  }
})

it('the default engine is shared, and is created again after close()', async () => {
  configure({ store: join(directory, 'missing', 'a.db') })
  await expect(isRevoked({ jti: 'a' })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  // A failed start is no start: the next configure() and the next call count.
  configure({ store: join(directory, 'a.db') })
  await revoke({ jti: 'a', exp })
  await expect(isRevoked({ jti: 'a' })).resolves.toBe(true)
  expect(() => configure({})).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }) as Error)
  const engine = await defaultRevocade()
  expect(await defaultRevocade()).toBe(engine)
  await engine.close()
  configure({ store: join(directory, 'b.db') })
  await expect(isRevoked({ jti: 'a' })).resolves.toBe(false)
  expect(existsSync(join(directory, 'b.db'))).toBe(true)
  await (await defaultRevocade())[Symbol.asyncDispose]()
})

it('optionsFromEnvironment reads every variable', () => {
  expect(optionsFromEnvironment({})).toEqual({})
  expect(
    optionsFromEnvironment({
      REVOCADE_STORE: 'x.db',
      REVOCADE_NAMESPACE: 'n',
      REVOCADE_SECRET: 's',
      REVOCADE_MAX_STALENESS_MS: '0',
      REVOCADE_CLAIMS: 'sid,client_id+sub,sub@auth_time',
      REVOCADE_ID_CLAIMS: 'jti, uti',
    }),
  ).toEqual({
    store: 'x.db',
    namespace: 'n',
    secret: 's',
    maxStalenessMs: 0,
    claims: ['sid', ['client_id', 'sub'], { claims: ['sub'], issuedAt: 'auth_time' }],
    idClaims: ['jti', 'uti'],
  })
  expect(optionsFromEnvironment({ REVOCADE_MAX_STALENESS_MS: '' }).maxStalenessMs).toBeNaN()
  for (const name of ['REVOCADE_CLAIMS', 'REVOCADE_ID_CLAIMS'])
    expect(() => optionsFromEnvironment({ [name]: 'sid;sub' })).toThrow(/holds the name 'sid;sub': .* commas/)
  // Many platforms set REDIS_URL; our own variable goes before it, and empty it says no.
  expect(optionsFromEnvironment({ REDIS_URL: 'redis://a' })).toEqual({ redis: 'redis://a' })
  expect(optionsFromEnvironment({ REDIS_URL: 'redis://a', REVOCADE_REDIS_URL: 'redis://b' })).toEqual({
    redis: 'redis://b',
  })
  expect(optionsFromEnvironment({ REDIS_URL: 'redis://a', REVOCADE_REDIS_URL: '' })).toEqual({})
  expect(optionsFromEnvironment({ REDIS_URL: '' })).toEqual({})
})
