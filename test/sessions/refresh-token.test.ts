import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { RefreshTokens } from '#dist/sessions/refresh-token.js'
import { fate, openWorld, sidsOf } from '../support/sessions.js'

const tokens = new RefreshTokens(new Uint8Array(16).fill(7), 'default')

describe('a refresh token', () => {
  it('is read as it was written', () => {
    const first = tokens.first()
    expect(tokens.read(tokens.write(first))).toEqual(first)
    const salt = randomBytes(16)
    const next = tokens.successor(first, salt)
    expect(next).toMatchObject({ family: first.family, generation: 1 })
    expect(tokens.read(tokens.write(next))).toEqual(next)
    expect(tokens.successor(first, salt)).toEqual(next)
    expect(tokens.successor(first, randomBytes(16)).hash).not.toEqual(next.hash)
    expect(tokens.successor(first, undefined).hash).not.toEqual(tokens.successor(first, undefined).hash)
  })

  it('S11: is refused with any bit changed, and in any other spelling', () => {
    const text = tokens.write(tokens.successor(tokens.first(), randomBytes(16)))
    const bytes = Buffer.from(text.slice(3), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7))
      expect(tokens.read(`rt_${flipped.toString('base64url')}`), `bit ${bit}`).toBeUndefined()
    }
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      expect(tokens.read(text.slice(0, at) + other + text.slice(at + 1)), `character ${at}`).toBeUndefined()
      expect(tokens.read(text.slice(0, at) + text.slice(at + 1)), `without ${at}`).toBeUndefined()
      expect(tokens.read(`${text.slice(0, at)} ${text.slice(at)}`), `a space at ${at}`).toBeUndefined()
    }
    for (const spelling of [
      `${text}=`,
      `${text}\n`,
      ` ${text}`,
      text.toUpperCase(),
      text.slice(3),
      `rt_${text}`,
    ])
      expect(tokens.read(spelling)).toBeUndefined()
    const standard = text.replaceAll('-', '+').replaceAll('_', '/')
    expect(tokens.read(standard)).toBeUndefined()
  })

  it('S11: is refused when it was made with another key or for another namespace', () => {
    const token = tokens.first()
    for (const others of [
      new RefreshTokens(new Uint8Array(16).fill(8), 'default'),
      new RefreshTokens(new Uint8Array(16).fill(7), 'other'),
    ])
      expect(tokens.read(others.write(token))).toBeUndefined()
  })

  it('S11: that somebody made up for a known session ends nothing and writes nothing', async () => {
    const world = await openWorld()
    const { sessions, revocade, events } = world
    const { refreshToken, session } = await sessions.create({ sub: 'u' })
    const current = await sessions.rotate(refreshToken)
    const { seq } = revocade.stats().store
    const bytes = Buffer.from(refreshToken.slice(3), 'base64url')
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Buffer.from(bytes)
      flipped[i] = flipped.readUInt8(i) ^ 0x40
      expect(await fate(sessions.rotate(`rt_${flipped.toString('base64url')}`))).toBe('unknown')
    }
    for (let i = 0; i < 100; i++) {
      const made = Buffer.concat([bytes.subarray(0, 21), randomBytes(48)])
      expect(await fate(sessions.rotate(`rt_${made.toString('base64url')}`))).toBe('unknown')
    }
    expect(events).toEqual([])
    expect(revocade.stats().store.seq).toBe(seq)
    expect(await sidsOf(sessions, { sub: 'u' })).toEqual([session.sid])
    expect(await fate(sessions.rotate(current.refreshToken))).toBe('taken')
  })
})
