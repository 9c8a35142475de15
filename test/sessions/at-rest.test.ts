import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { Logger } from 'revocade'
import { describe, expect, it } from 'vitest'
import { RefreshTokens } from '#dist/sessions/refresh-token.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { openWorld } from '../support/sessions.js'
import { temporaryDirectory } from '../support/temp.js'

/** Every form in which bytes may lie somewhere. */
const forms = (bytes: Uint8Array): readonly Buffer[] => {
  const buffer = Buffer.from(bytes)
  return [
    buffer,
    ...(['hex', 'base64', 'base64url'] as const).map((encoding) => Buffer.from(buffer.toString(encoding))),
    Buffer.from(buffer.toString('hex').toUpperCase()),
  ]
}

describe('refresh tokens at rest', () => {
  it('S12: are in no file, log, event or error, and nothing there makes one', async () => {
    const directory = temporaryDirectory()
    const said: unknown[] = []
    const note = (...args: unknown[]): void => void said.push(args)
    const logger: Logger = { debug: note, info: note, warn: note, error: note }
    const store = new SqliteStore(join(directory, 'store.db'))
    const world = await openWorld({ connect: () => store, engine: { logger } })
    const { sessions, revocade, clock, events } = world
    const texts: string[] = []
    let { refreshToken } = await sessions.create({ sub: 'u', details: { device: 'phone' } })
    texts.push(refreshToken)
    for (let i = 0; i < 5; i++) {
      refreshToken = (await sessions.rotate(refreshToken)).refreshToken
      texts.push(refreshToken)
    }
    const other = await sessions.create({ sub: 'u' })
    const last = await sessions.rotate(other.refreshToken)
    await sessions.rotate(other.refreshToken)
    texts.push(other.refreshToken, last.refreshToken)
    clock.advance(60_000)
    const errors = await Promise.all(
      [texts[0], other.refreshToken].map((spent) =>
        sessions.rotate(spent ?? '').catch((error: unknown) => error),
      ),
    )
    said.push(inspect(events, { depth: 9 }), inspect(errors, { depth: 9, showHidden: true }))
    const files = (): Buffer[] => readdirSync(directory).map((name) => readFileSync(join(directory, name)))
    const places = [...files(), Buffer.from(inspect(said, { depth: 9 }))]
    expect(places.length).toBeGreaterThanOrEqual(4) // the file, its log, its index, what was said
    await revocade.close()
    places.push(...files())
    const holds = (bytes: Buffer): boolean => places.some((place) => place.includes(bytes))

    const { key } = await new SqliteStore(join(directory, 'store.db')).open({
      namespace: 'default',
      secret: undefined,
      exclusive: false,
      purgeGraceSeconds: 0,
      clock,
      logger,
    })
    const tokens = new RefreshTokens(key, 'default')
    const read = texts.map((text) => tokens.read(text))
    expect(read.every((token) => token !== undefined)).toBe(true)
    // What the search would find, if it were there.
    expect(holds(Buffer.from(read.at(-1)?.hash ?? []))).toBe(true)
    expect(holds(Buffer.from(read.at(-1)?.family ?? []))).toBe(true)
    for (const [i, text] of texts.entries()) {
      expect(holds(Buffer.from(text.slice(3, 40))), text).toBe(false)
      for (const form of forms(read[i]?.secret ?? new Uint8Array(32))) expect(holds(form), text).toBe(false)
    }
  })

  it('S12: who has the key and the rows makes a token that is refused', async () => {
    const world = await openWorld()
    const { sessions, revocade } = world
    const { refreshToken, session } = await sessions.create({ sub: 'u' })
    const bytes = Buffer.from(refreshToken.slice(3), 'base64url')
    const [family, generation] = [bytes.subarray(1, 17), bytes.readUInt32BE(17)]
    const { internalsOf } = await import('#dist/engine/internals.js')
    const { key, store } = internalsOf(revocade, 'a test')
    const tokens = new RefreshTokens(key, 'default')
    const hash = tokens.read(refreshToken)?.hash ?? new Uint8Array(32)
    const { first } = { first: tokens.first() }
    // The hash in the place of the secret, and a secret of the thief's own.
    for (const secret of [hash, first.secret]) {
      const made = { ...first, family, generation, secret }
      const text = tokens.write({ ...made, hash: tokens.read(tokens.write(made))?.hash ?? hash })
      await expect(sessions.rotate(text)).rejects.toMatchObject({ reason: 'unknown' })
    }
    expect(await store.sessions?.get(family)).toMatchObject({ version: 1 })
    expect(await sessions.get(session.sid)).toEqual(session)
  })
})
