import { describe, expect, it } from 'vitest'
import { Login } from '#dist/server/page/logins.js'
import { Places } from '#dist/server/page/places.js'

const loginOf = (name: string): Login => new Login({ name, role: 'viewer' })

describe('places', () => {
  it('are so many of one admin in all logins, so many in all, and given back once', () => {
    const places = new Places({ inAll: 3, ofAdmin: 2 })
    const [first, second] = [places.take(loginOf('a')), places.take(loginOf('a'))]
    expect([first, second]).not.toContain(undefined)
    expect(places.take(loginOf('a'))).toBeUndefined()
    const other = places.take(loginOf('b'))
    expect([other === undefined, places.take(loginOf('c')), places.taken]).toEqual([false, undefined, 3])
    first?.()
    first?.()
    expect(places.taken).toBe(2)
    expect(places.take(loginOf('c'))).toBeDefined()
    second?.()
    other?.()
    expect(places.taken).toBe(1)
  })
})
