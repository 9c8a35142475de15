import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSipHash } from '#dist/token/siphash.js'
import { naiveSipHash } from './naive-siphash.js'

interface Vectors {
  readonly testGroups: readonly { readonly tests: readonly Vector[] }[]
}
interface Vector {
  readonly tcId: number
  readonly key: string
  readonly msg: string
  readonly tag: string
  readonly result: 'valid' | 'invalid'
}

const file = new URL('../vectors/siphashx_2_4_test.json', import.meta.url)
const vectors = (JSON.parse(readFileSync(file, 'utf8')) as Vectors).testGroups.flatMap(({ tests }) => tests)

const KEY = 0
const OUT = 16
const STATE = 32
const KEPT = 64
const MESSAGE = 128

const siphash = createSipHash(8192)
const memory = new Uint8Array(siphash.memory)

/** The first `split` bytes through a kept state, the rest after it; around the message lies noise. */
function hash(key: Uint8Array, message: Uint8Array, split = 0): string {
  memory.fill(0xa5)
  memory.set(key, KEY)
  siphash.init(KEY, STATE)
  memory.set(message, MESSAGE)
  siphash.absorb(STATE, MESSAGE, split, KEPT)
  siphash.finish(KEPT, MESSAGE + split, message.length - split, message.length, OUT)
  return Buffer.from(memory.subarray(OUT, OUT + 16)).toString('hex')
}

describe('SipHash-2-4-128', () => {
  it('has vectors', () => {
    expect(vectors).toHaveLength(40)
  })

  it.each(vectors)('Wycheproof vector $tcId', ({ key, msg, tag, result }) => {
    const bytes = [Buffer.from(key, 'hex'), Buffer.from(msg, 'hex')] as const
    expect(hash(...bytes) === tag).toBe(result === 'valid')
    expect(naiveSipHash(...bytes) === tag).toBe(result === 'valid')
  })

  it('is that of a naive implementation, wherever the message is split', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 })
    const message = fc.uint8Array({ maxLength: 700, size: 'max' })
    fc.assert(
      fc.property(key, message, fc.nat(), (key, message, n) => {
        const split = (n % (Math.floor(message.length / 8) + 1)) * 8
        const expected = naiveSipHash(key, message)
        expect(hash(key, message)).toBe(expected)
        expect(hash(key, message, split)).toBe(expected)
      }),
      { numRuns: 500 },
    )
  })

  it('leaves a kept state as it is', () => {
    const key = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
    const first = hash(key, Buffer.from('a constant prefix and a message'), 16)
    siphash.finish(KEPT, MESSAGE + 16, 15, 31, OUT)
    expect(Buffer.from(memory.subarray(OUT, OUT + 16)).toString('hex')).toBe(first)
  })
})
