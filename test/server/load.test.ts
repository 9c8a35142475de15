import { describe, expect, it } from 'vitest'
import { Callee } from '../support/process.js'
import { report, SCALE, scaled } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { IN_ROUND, type Ports, round } from './load-round.js'
import { mint, optionsIn } from './sidecar.js'

/** Rounds before the first look: code is loaded, and caches fill. */
const WARM_UP = 60
/** In each third of the test. The first third still belongs to the warm-up. */
const LOOKS = 4
/** At least so many between two looks, and for the length of `npm test` hardly more. */
const ROUNDS = 20
/** From one look to the next. */
const SECONDS = 0.25 * SCALE
/**
 * Bytes, from the second third to the last. What may still grow are the figures of the last three minutes
 * that the server keeps for its page, 18 KB, and positions of its store, at gaps that double. An object of
 * 30 bytes for each request would be more: within `npm test`, and a thousand times over in a long run.
 */
const HEAP_MAY_GROW = 48 * 1024

const LONG = { timeout: scaled(300_000) }

interface Look {
  readonly heap: number
  readonly descriptors: number
}

/** A server in a process of its own: what is measured is not this test. */
class Loaded {
  readonly looks: Look[] = []
  ports: Ports = { check: 0, admin: 0 }
  readonly #process: Callee

  constructor(code: 'interpreted' | 'compiled') {
    this.#process = new Callee(new URL('load-server.mjs', import.meta.url), [code])
  }

  async start(): Promise<void> {
    await this.#process.up
    this.ports = (await this.#process.call('start', optionsIn(temporaryDirectory()))) as Ports
  }

  /** Looks at it, and demands that it has no more descriptors than at the first look. */
  async look(): Promise<Look> {
    const most = this.looks[0]?.descriptors ?? Infinity
    let seen: Look = { heap: NaN, descriptors: NaN }
    const descriptors = async (): Promise<number> => {
      seen = (await this.#process.call('look')) as Look
      return seen.descriptors
    }
    // A connection that was dropped may be closed a moment later.
    await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThanOrEqual(most)
    this.looks.push(seen)
    return seen
  }
}

/** For docs/reliability.md (test/constant-load-section.mjs). */
function noteLook(minutes: number, rounds: number, seen: Look, compiled: Look | undefined): void {
  report('constant load on serve', {
    minutes,
    requests: rounds * IN_ROUND.requests,
    'connections dropped': rounds * IN_ROUND.dropped,
    descriptors: seen.descriptors,
    'bytes of heap, interpreted': seen.heap,
    ...(compiled === undefined ? {} : { 'bytes of heap, compiled': compiled.heap }),
  })
}

describe('under a constant load', () => {
  it.runIf(process.platform === 'linux')('heap and descriptors stay as they are', LONG, async () => {
    // Good for longer than any load lasts.
    const exp = Date.now() / 1000 + 7 * 86_400
    const tokens = await Promise.all(Array.from({ length: 20 }, () => mint({ exp })))
    const interpreted = new Loaded('interpreted')
    // As it is used. V8 goes on compiling for hours: its heap is noted in a long run, and not judged.
    const compiled = SCALE > 1 ? new Loaded('compiled') : undefined
    const servers = compiled === undefined ? [interpreted] : [interpreted, compiled]
    await Promise.all(servers.map((server) => server.start()))
    let rounds = 0
    const run = async (count: number, seconds = 0): Promise<void> => {
      const end = performance.now() + seconds * 1000
      for (let i = 0; i < count || performance.now() < end; i++, rounds++)
        await Promise.all(servers.map(({ ports }) => round(ports, tokens, rounds)))
    }
    await run(WARM_UP)
    const begin = performance.now()
    for (let look = 0; look < 3 * LOOKS; look++) {
      await run(ROUNDS, SECONDS)
      const minutes = Math.round((performance.now() - begin) / 60_000)
      noteLook(minutes, rounds, await interpreted.look(), await compiled?.look())
    }
    const heaps = interpreted.looks.map(({ heap }) => heap)
    // A look may find what is just being done: so the least of several.
    const grown = Math.min(...heaps.slice(2 * LOOKS)) - Math.min(...heaps.slice(LOOKS, 2 * LOOKS))
    expect(grown, heaps.join()).toBeLessThan(HEAP_MAY_GROW)
  })
})
