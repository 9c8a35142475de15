import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRevocade, type Revocade } from 'revocade'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { inDirectory, ndjson, Running } from '../support/cli.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { sequence } from '../support/sequence.js'
import { inSeconds } from '../support/time.js'

const FAKE_TERMINAL = fileURLToPath(new URL('fake-terminal.mjs', import.meta.url))
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'

/** Long enough for a busy machine. */
const SOON = { timeout: 30_000 }

const dir = inDirectory()
let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
  return redis.stop
})

async function service(url = redis.url): Promise<Revocade> {
  const engine = await createRevocade({ store: join(dir.path, 'revocade.db'), redis: url, snapshot: false })
  onTestFinished(() => engine.close())
  await expect.poll(() => engine.stats().redis?.wakeUps.listening, SOON).toBe(true)
  return engine
}

/** Checks, and now and then a revocation, until the test is over. */
function traffic(engine: Revocade): void {
  let n = 0
  const timer = setInterval(() => {
    for (let i = 0; i < 10; i++) engine.isClearlyActive({ jti: `x${n}-${i}` })
    if (n++ % 5 === 0) engine.revoke({ jti: `r${n}`, exp: inSeconds(3600) }).catch(() => clearInterval(timer))
  }, 10)
  onTestFinished(() => clearInterval(timer))
}

interface Row {
  engine: string
  silentMs: number
  checksPerSecond: number | null
  shares: { prefilter: number } | null
  redis: { breaker: string } | null
}
interface Frame {
  seconds: number
  revocationsPerSecond: number
  seq: number
  redis: { state: string; why: string | null } | null
  engines: Row[]
  total: { engines: number; checksPerSecond: number | null; lease: { live: boolean } | null }
}

function watch(
  args: readonly string[],
  options: { readonly nodeArgs?: readonly string[] } = {},
): Running & { readonly frames: Frame[] } {
  const running = new Running(['watch', ...args], { cwd: dir.path, ...options })
  onTestFinished(() => running.signal('SIGKILL'))
  // Whole lines only: the last may still be on its way.
  return Object.defineProperty(running, 'frames', {
    get: () => ndjson(running.stdout.slice(0, running.stdout.lastIndexOf('\n') + 1)),
  }) as Running & { readonly frames: Frame[] }
}

describe('watch --json', () => {
  it('tells each interval what all engines do, as they come and go, and ends when told to', async () => {
    const first = await service()
    traffic(first)
    const watching = watch(['--redis', redis.url, '--json', '--interval', '200'])
    await expect.poll(() => watching.frames.length, SOON).toBeGreaterThan(2)
    const frame = watching.frames.at(-1)
    expect(frame).toMatchObject({
      redis: { state: 'ready', why: null },
      total: { engines: 1, lease: { live: true } },
      engines: [{ silentMs: 0, shares: { prefilter: 1 }, redis: { breaker: 'closed' } }],
    })
    expect(frame?.seconds).toBeGreaterThan(0.09)
    expect(frame?.total.checksPerSecond).toBeGreaterThan(50)
    expect(frame?.total.checksPerSecond).toBeLessThan(3000)
    const rates = watching.frames.map(({ revocationsPerSecond }) => revocationsPerSecond)
    expect(Math.max(...rates)).toBeGreaterThan(1)
    expect(Math.max(...rates)).toBeLessThan(200)

    const second = await service()
    await expect.poll(() => watching.frames.at(-1)?.total.engines, SOON).toBe(2)
    await second.close()
    await expect
      .poll(() => watching.frames.at(-1), SOON)
      .toMatchObject({
        total: { engines: 1 },
        engines: expect.arrayContaining([expect.objectContaining({ checksPerSecond: null })]) as unknown,
      })
    expect(watching.frames.at(-1)?.engines.find(({ silentMs }) => silentMs > 0)).toBeDefined()

    watching.signal('SIGINT')
    const ended = await watching.ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    for (const told of ndjson(ended.stdout)) expect(told).toHaveProperty('total')
  })

  it('sees Redis go and come back, and follows the store meanwhile', async () => {
    const own = await startRedis()
    const engine = await service(own.url)
    traffic(engine)
    const watching = watch(['--redis', own.url, '--json', '--interval', '200'])
    await expect.poll(() => watching.frames.at(-1)?.total.engines, SOON).toBe(1)
    await own.kill()
    await expect.poll(() => watching.frames.at(-1)?.redis?.state, SOON).toBe('unavailable')
    const seq = watching.frames.at(-1)?.seq ?? 0
    await expect.poll(() => watching.frames.at(-1)?.redis?.why, SOON).toContain('ECONNREFUSED')
    await expect.poll(() => watching.frames.at(-1)?.seq, SOON).toBeGreaterThan(seq)
    expect(watching.frames.at(-1)).toMatchObject({
      total: { engines: 0, checksPerSecond: null, lease: null },
    })
    await own.restart()
    await expect
      .poll(() => watching.frames.at(-1), SOON)
      .toMatchObject({ redis: { state: 'ready' }, total: { engines: 1 } })
  })
})

describe('watch without a terminal', () => {
  it('prints a line an interval, of an engine of its own where no Redis is named', async () => {
    const engine = await createRevocade({ store: join(dir.path, 'revocade.db'), snapshot: false })
    onTestFinished(() => engine.close())
    traffic(engine)
    const { code, stdout, stderr } = await dir.run(['watch', '--once', '--interval', '500'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, revocations] =
      sequence(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}engines 1 {2}checks\/s 0 {2}prefilter – .* /,
        /revocations\/s (\S+) {2}seq \d+ {2}lease \S+ ms {2}false \+ –\n$/,
      ).exec(stdout) ?? []
    expect(Number(revocations)).toBeGreaterThan(0)
  })

  it('refuses an interval that is none, and a store that is not there', async () => {
    for (const interval of ['0', '99', '1e3', 'x', '3600001']) {
      expect(await dir.run(['watch', '--interval', interval])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^ERR_USAGE: .*milliseconds from 100/) as string,
      })
    }
  })
})

describe('watch at a terminal', () => {
  const terminal = { nodeArgs: ['--import', FAKE_TERMINAL] }
  const plain = (text: string): string => text.replace(/\u001b\[[\d;?]*[a-zA-Z]/g, '')

  async function drawn(args: readonly string[] = ['--redis', redis.url]): Promise<Running> {
    traffic(await service())
    const watching = watch([...args, '--interval', '200'], terminal)
    await expect.poll(() => plain(watching.stdout), SOON).toMatch(/checks\/s +\d/)
    return watching
  }

  it.each([
    ['q', (watching: Running) => watching.type('q')],
    ['Ctrl-C', (watching: Running) => watching.type('\u0003')],
    ['SIGTERM', (watching: Running) => watching.signal('SIGTERM')],
  ])('draws in place; %s ends it, and the terminal is as it was', async (_, end) => {
    const watching = await drawn()
    expect(watching.stdout.startsWith(ENTER)).toBe(true)
    expect(watching.stderr).toBe('raw true\n')
    expect(watching.stdout).not.toContain(LEAVE)
    end(watching)
    const { code, stdout, stderr } = await watching.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'raw true\nraw false\n' })
    expect(stdout.endsWith(LEAVE)).toBe(true)
    const screens = stdout.split('\u001b[H').slice(1).map(plain)
    for (const screen of screens) expect(screen.split('\r\n').length).toBeLessThanOrEqual(20)
    expect(screens.at(-1)).toMatch(
      sequence(
        /^revocade .*\r\nredis .* ready, .*\r\nchecks\/s +\d.*\r\nrevocations\/s .*\r\n/,
        /\r\nengine +checks\/s .*\r\n/,
      ),
    )
  })

  it('draws anew, and narrower, where the terminal has become so', async () => {
    const watching = await drawn()
    const before = watching.stdout.length
    watching.signal('SIGUSR2')
    await expect.poll(() => watching.stdout.length, SOON).toBeGreaterThan(before)
    const screen = plain(watching.stdout.split('\u001b[H').at(-1) ?? '')
    expect(Math.max(...screen.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(40)
  })

  it('leaves the terminal as it was where the process ends by an error', async () => {
    const watching = await drawn([])
    // Its output has nobody to go to any more.
    watching.breakOutput()
    const { stderr } = await watching.ended
    expect(stderr).toBe('raw true\nraw false\n')
  })

  it('shows one interval and no other screen with --once', async () => {
    traffic(await service())
    const { code, stdout } = await watch(['--redis', redis.url, '--once', '--interval', '300'], terminal)
      .ended
    expect(code).toBe(0)
    expect(stdout).not.toContain(ENTER)
    expect(plain(stdout)).toMatch(
      /^revocade .*\nredis .*\nchecks\/s +\d.*\nrevocations\/s .*\n\nengine .*\n.*\n$/,
    )
  })
})
