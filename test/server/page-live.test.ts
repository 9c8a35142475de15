import { get, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { chartValues } from '#dist/server/page/live/charts.js'
import { countsOf, Sampler } from '#dist/server/page/live/sampler.js'
import { Streams } from '#dist/server/page/live/streams.js'
import { Logins } from '#dist/server/page/logins.js'
import { send } from '../adapters/request.js'
import { servedPage } from './served-page.js'
import { EDITOR, sidecar, VIEWER } from './sidecar.js'
import { Visitor, words } from './visitor.js'

/** A page that is kept up to date. */
class Watcher {
  readonly reply: IncomingMessage
  text = ''
  readonly ended: Promise<unknown>

  constructor(reply: IncomingMessage) {
    this.reply = reply
    reply.setEncoding('utf8')
    reply.on('data', (chunk: string) => (this.text += chunk))
    reply.on('error', () => undefined)
    this.ended = new Promise((resolve) => reply.once('close', resolve))
  }

  /** The data of all events of a name so far. */
  events(name: string): unknown[] {
    return Array.from(
      this.text.matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm),
      ([, event = '', data = '']) => [event, JSON.parse(data) as unknown] as const,
    ).flatMap(([event, data]) => (event === name ? [data] : []))
  }

  close(): void {
    this.reply.destroy()
  }
}

function watch(port: number, cookie: string): Promise<Watcher> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/ui/live', headers: { cookie }, agent: false }
    get(options, (reply) => resolve(new Watcher(reply))).once('error', reject)
  })
}

const { server, viewer } = await servedPage()

describe('live numbers', () => {
  it('are sent at once and then again and again, with the state', async () => {
    const watcher = await watch(server.admin, viewer.cookie)
    expect(watcher.reply.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    await expect.poll(() => watcher.events('values').length).toBeGreaterThan(1)
    expect(watcher.events('state')[0]).toContain('All is well')
    await send(server.check, '/check')
    const most = (): unknown[] =>
      watcher
        .events('values')
        .map((data) => (data as { texts: Record<string, string> }).texts['refused-most'])
    await expect.poll(() => most().some((text) => Number(text) > 0)).toBe(true)
    expect(watcher.events('values').at(-1)).toMatchObject({
      texts: { 'answered-200': '0', 'answered-401': expect.stringMatching(/^[1-9]/) as string },
    })
    watcher.close()
  })

  it('need a login, and end with it', async () => {
    expect((await watch(server.admin, '')).reply.statusCode).toBe(401)
    const visitor = new Visitor(server.admin)
    await visitor.logIn(VIEWER)
    const watcher = await watch(server.admin, visitor.cookie)
    expect(watcher.reply.statusCode).toBe(200)
    await visitor.post('logout', {})
    await watcher.ended
    expect(watcher.reply.complete).toBe(true)
  })

  it('are not begun for HEAD, whose answer would never end', async () => {
    const headers = { cookie: viewer.cookie }
    const reply = await fetch(`http://127.0.0.1:${server.admin}/ui/live`, { method: 'HEAD', headers })
    expect(reply.status).toBe(404)
  })

  it('go to a bounded number of pages', async () => {
    const visitor = new Visitor(server.admin)
    await visitor.logIn(EDITOR)
    const open = await Promise.all(Array.from({ length: 6 }, () => watch(server.admin, visitor.cookie)))
    const more = await watch(server.admin, visitor.cookie)
    expect([more.reply.statusCode, more.reply.headers['retry-after']]).toEqual([503, '1'])
    for (const watcher of open) watcher.close()
    // There is room again.
    await expect
      .poll(async () => {
        const watcher = await watch(server.admin, visitor.cookie)
        watcher.close()
        return watcher.reply.statusCode
      })
      .toBe(200)
  })

  it('do not keep the server from its end', async () => {
    const own = await sidecar({ shutdownSeconds: 300 })
    const visitor = new Visitor(own.admin)
    await visitor.logIn(VIEWER)
    const watcher = await watch(own.admin, visitor.cookie)
    await own.close()
    await watcher.ended
    expect(watcher.reply.complete).toBe(true)
  })
})

describe('a store that can not be asked', () => {
  it('is what the overview says first, and other pages say it too', async () => {
    const own = await sidecar()
    const visitor = new Visitor(own.admin)
    await visitor.logIn(EDITOR)
    const watcher = await watch(own.admin, visitor.cookie)
    await expect.poll(() => watcher.events('state').length).toBe(1)
    await own.engine.close()
    await expect.poll(() => watcher.events('state').at(-1)).toContain('The store can not be asked')
    const overview = await visitor.get('./')
    expect(overview.status).toBe(200)
    expect(words(overview)).toMatch(/^Overview Something is wrong\. .*The store can not be asked/)
    for (const path of ['list', 'changes', 'revocation?seq=1']) {
      const answer = await visitor.get(path)
      expect([answer.status, words(answer)]).toEqual([503, expect.stringContaining('Not possible')])
    }
    await own.close()
    await watcher.ended
  })
})

describe('streams', () => {
  const login = (name = 'a') => {
    const logins = new Logins()
    const found = logins.find(logins.begin({ name, role: 'viewer' }))
    if (found === undefined) throw new Error('there is no login')
    return found
  }

  it('are at most 24 of one admin, and there is room again when one ends', async () => {
    const streams = new Streams()
    const begun = Array.from({ length: 30 }, () => streams.begin(login(), () => true))
    expect(streams.size).toBe(24)
    expect(streams.begin(login('b'), () => true)).toBeDefined()
    begun[0]?.destroy()
    await expect.poll(() => streams.begin(login(), () => true)).toBeDefined()
  })

  it('are at most 64, and none once they have ended', () => {
    const streams = new Streams()
    const begun = Array.from({ length: 80 }, (_, i) => streams.begin(login(`${i}`), () => true))
    expect([begun.filter((stream) => stream !== undefined).length, streams.size]).toEqual([64, 64])
    streams.end()
    expect(begun[0]?.writableEnded).toBe(true)
    begun[0]?.destroy()
    expect(streams.begin(login(), () => true)).toBeUndefined()
  })

  it('end with a client that does not read, and where nobody is signed in any more', async () => {
    const streams = new Streams()
    let isSignedIn = true
    const [slow, gone] = [streams.begin(login(), () => true), streams.begin(login(), () => isSignedIn)]
    gone?.resume()
    streams.send('x'.repeat(300_000))
    streams.send('x')
    isSignedIn = false
    streams.send('x')
    expect([slow?.destroyed, gone?.writableEnded]).toEqual([true, true])
    await expect.poll(() => streams.size).toBe(0)
  })
})

describe('the rates', () => {
  it('are those of the last three minutes, by a clock that can not be set', () => {
    const answers = new Map<number, number>()
    let now = 0
    const sampler = new Sampler(
      () => countsOf(answers),
      () => now,
    )
    const add = (status: number, number: number): void => {
      answers.set(status, (answers.get(status) ?? 0) + number)
    }
    add(200, 8)
    add(401, 2)
    now += 1000
    sampler.sample()
    add(503, 5)
    now += 2500 // The process was paused.
    sampler.sample()
    expect(sampler.rates).toEqual([
      { answers: 10, refused: 2, undecided: 0 },
      { answers: 2, refused: 0, undecided: 2 },
    ])
    for (let i = 0; i < 200; i++) {
      now += 1000
      sampler.sample()
    }
    expect(sampler.rates).toHaveLength(180)
    expect(sampler.rates[0]).toEqual({ answers: 0, refused: 0, undecided: 0 })
  })

  it('are drawn to scale, newest at the right', () => {
    const rates = [0, 5, 10].map((answers) => ({ answers, refused: 0.5, undecided: 0 }))
    const { texts, paths } = chartValues(rates)
    expect(paths.answers).toBe('M178.0 35.0L179.0 18.5L180.0 2.0')
    expect(paths['answers-area']).toBe(`${paths.answers ?? ''}L180 36L178.0 36Z`)
    expect(texts).toMatchObject({ answers: '10', 'answers-most': '10', refused: '0.5', undecided: '0' })
    expect(chartValues([]).paths.answers).toBe('')
  })
})
