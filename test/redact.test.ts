import { describe, expect, it, vi } from 'vitest'
import { RevocadeError } from '#dist/errors.js'
import { redact, redactValue } from '#dist/redact.js'
import { safeLogger } from '#dist/safe-logger.js'

const CANARY = 'hunter2'

const SECRETS = [
  'redis://:hunter2@h',
  'redis://u:hunter2@h:99999/1',
  'redis://hunter2@h',
  'rediss://u:hunter2@h?db=1',
  'valkey://u:hunter2@h',
  'http://u:hunter2@h',
  'mysql://u:hunter2@h/db',
  'redis:/u:hunter2@h',
  'redis:///:hunter2@h',
  'redis:u:hunter2@h',
  'u:hunter2@h',
  ':hunter2@h:6379',
  'redis://:h2 hunter2@h',
  "redis://:h'hunter2@h",
  'redis://:hunter2/x@h',
  'redis://:x@hunter2@h',
  'redis://:hunter2@@h',
  'redis://h,u:hunter2@@x',
  'redis://a:hunter2@h1,redis://b:hunter2@h2',
  'redis%3A%2F%2Fu%3Ahunter2%40h',
  'redis://u%3Ahunter2%40h',
  'redis://h?password=hunter2&db=1',
  'redis://s1,s2/m?sentinelPassword=hunter2',
  'https://h/?access_token=hunter2',
  'unix://u:hunter2@/run/redis.sock',
  '{"redis":"redis://:hunter2@h","x":1}',
  'REDIS_URL=redis://:hunter2@h',
  'REDIS_URL=:hunter2@h',
  'eyJhbGciOiJub25lIn0.hunter2.x',
]

const HARMLESS = [
  'must have one of these forms: redis://[user:password@]host[:port][/db], rediss://… for TLS',
  'must have user and password as user:password@, or a password alone as :password@',
  'percent-encode reserved characters in the password, / as %2F and @ as %40',
  'redis://localhost:6379/0, redis://s1:26379,s2:26379/mymaster',
  'unix:///run/a@b.sock',
  'at f (file:///app/node_modules/@scope/x.js:1:2)',
  'the store /home/me@corp/revocade.db is damaged',
  'the store C:\\Users\\me@corp\\x.db is damaged',
  'the store C:/Users/me@corp/x.db is damaged',
  'install better-sqlite3@12',
  'redis: not there, install ioredis@5',
  '12:30:05 ada@corp',
  'see https://example.com/docs',
  "iss='https://issuer.example'",
]

describe('redact', () => {
  it.each(SECRETS)('removes the secret of %s', (text) => {
    for (const whole of [text, `the store /srv/${text} is none`, `two: ${text} and '${text}', or "${text}"`])
      expect(redact(whole)).not.toContain(CANARY)
  })

  it.each(HARMLESS)('leaves %s', (text) => {
    expect(redact(text)).toBe(text)
  })

  it.each([
    'v4.local.QQQQQQQQQQQQQQQQ',
    'v2.public.QQQQQQQQQQQQQQQQ.Zm9v',
    'eyAiYWxnIjoibm9uZSJ9.eyJzdWIiOiJ1In0.c2ln',
    'ewogImFsZyI6Im5vbmUifQ.eyJzdWIiOiJ1In0.c2ln',
  ])('removes the token %s', (token) => {
    expect(redact(`bad token ${token}`)).toBe('bad token <token>')
  })

  it('keeps of a long line the beginning, and no part of a word', () => {
    const attack = 'a.'.repeat(100) + ':' + '/'.repeat(2000)
    expect(redact(`Parameter ${attack}@h`)).toBe('Parameter …')
    expect(redact(attack)).toBe('…')
    expect(redact(`${'x '.repeat(509)}redis://u:hunter2@h\nnext`)).toBe(`${'x '.repeat(509)}…\nnext`)
  })

  it('keeps the host, which tells where the URL leads', () => {
    expect(redact('redis://u:hunter2@h:6379/1 is away')).toBe('redis://<secret>@h:6379/1 is away')
  })
})

describe('what is redacted', () => {
  it('of an error is its message, its stack and its causes, and nothing else', () => {
    const root = new Error('redis://:hunter2@h')
    const middle = Object.assign(new TypeError('harmless', { cause: root }), { code: 'E_X' })
    const found = redactValue(middle)
    expect(found).toMatchObject({ name: 'TypeError', code: 'E_X', message: 'harmless' })
    expect(found).toMatchObject({ cause: { message: 'redis://<secret>@h' } })
    expect((found as { cause: Error }).cause.stack).not.toContain(CANARY)
  })

  it('of an error that holds no secret is nothing: it stays the same object', () => {
    const error = new Error('harmless', { cause: new Error('so') })
    expect(redactValue(error)).toBe(error)
    error.cause = error
    expect(redactValue(error)).toBe(error)
  })

  it('of a RevocadeError is the message and the cause', () => {
    const cause = new Error("open 'redis:/u:hunter2@h'")
    const error = new RevocadeError('ERR_CONFIG', 'redis://:hunter2@h', { cause })
    expect(error.message).toBe('redis://<secret>@h')
    expect(error.cause).toMatchObject({ message: "open 'redis://<secret>@h'" })
    expect(error.stack).not.toContain(CANARY)
  })
})

describe('the logger', () => {
  const lines: unknown[] = []
  const keep = (details: object, message: string): void => {
    lines.push([details, message])
  }

  it('receives neither the password in a message nor the one in the details', () => {
    const url = 'redis://:hunter2@h'
    const logger = safeLogger({ debug: keep, info: keep, warn: keep, error: keep })
    logger.warn({ err: new Error(url), path: url, n: 1 }, url)
    const safe = 'redis://<secret>@h'
    expect(lines).toEqual([[{ err: new Error(safe), path: safe, n: 1 }, safe]])
  })

  it('that throws or rejects harms nobody', async () => {
    const fail = (): void => {
      throw new Error('disk full')
    }
    const reject = vi.fn()
    reject.mockRejectedValue(new Error('disk full'))
    const logger = safeLogger({ debug: fail, info: fail, warn: fail, error: reject })
    logger.debug({}, '')
    logger.error({}, '')
    await new Promise(setImmediate)
    expect(reject).toHaveBeenCalledOnce()
  })

  it('is called as a method, as pino wants it', () => {
    const note = function note(this: { seen: number }): void {
      this.seen++
    }
    const pino = { seen: 0, debug: note, info: note, warn: note, error: note }
    safeLogger(pino).warn({}, '')
    expect(pino.seen).toBe(1)
  })
})
