import type { TokenClaims } from 'revocade'
import { describe, expect, it } from 'vitest'
import { type IdForms, revokeForms, unrevokeForms } from '#dist/engine/id-forms.js'
import type { Mutation } from '#dist/ports/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { open, verdict } from '../support/engine.js'

const expiresAt = new Date(Date.now() + 3_600_000)
const of = (jti: string | number): TokenClaims => Object.assign({ iss: 'i' }, { jti })
const FORMS: IdForms = [of('42'), of(42)]

/** An engine, and the commits that it makes. */
async function opened() {
  const commits: (readonly Mutation[])[] = []
  const store = new MemoryStore()
  const write = store.write.bind(store)
  store.write = (mutations) => {
    commits.push(mutations)
    return write(mutations)
  }
  return { engine: await open({ store }), commits }
}

describe('an id that may be a text or a number', () => {
  it('is revoked in both forms by one commit, and taken back by another', async () => {
    const { engine, commits } = await opened()
    const revoked = await revokeForms(engine, FORMS, { expiresAt })
    expect(revoked).toMatchObject({ outcome: 'revoked', seq: 1, target: { id: '42' } })
    for (const form of FORMS) expect(await verdict(engine, form)).toBe('revoked')
    expect(commits.map(({ length }) => length)).toEqual([2])
    const taken = await unrevokeForms(engine, FORMS, { actor: 'carol' })
    expect(taken).toMatchObject({ outcome: 'unrevoked', target: { id: '42' } })
    for (const form of FORMS) expect(await verdict(engine, form)).toBe('active')
    expect(commits).toHaveLength(2)
  })

  it('has the receipt of the form that was not revoked before', async () => {
    const { engine } = await opened()
    await engine.revoke(of('42'), { expiresAt })
    const both = { outcome: 'revoked', target: { id: 42 } }
    expect(await revokeForms(engine, FORMS, { expiresAt })).toMatchObject(both)
    const again = { outcome: 'already', target: { id: '42' } }
    expect(await revokeForms(engine, FORMS, { expiresAt })).toMatchObject(again)
  })

  it('has the receipt of the form that was revoked, when it is taken back', async () => {
    const { engine } = await opened()
    const { seq } = await engine.revoke(of(42), { expiresAt })
    const taken = { outcome: 'unrevoked', target: { id: 42 }, seq: seq + 1 }
    expect(await unrevokeForms(engine, FORMS)).toMatchObject(taken)
    const nothing = { outcome: 'unchanged', target: { id: '42' }, seq: 0 }
    expect(await unrevokeForms(engine, FORMS, { actor: 'carol' })).toMatchObject(nothing)
  })

  it('is revoked in no form when the options are wrong, or it has expired', async () => {
    const { engine, commits } = await opened()
    await expect(revokeForms(engine, FORMS)).rejects.toMatchObject({ code: 'ERR_NO_EXPIRY' })
    const past = await revokeForms(engine, FORMS, { expiresAt: new Date(Date.now() - 3_600_000) })
    expect(past).toMatchObject({ outcome: 'expired', seq: 0, target: { id: '42' } })
    expect(commits).toEqual([])
    await engine.close()
    await expect(revokeForms(engine, FORMS, { expiresAt })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(unrevokeForms(engine, FORMS)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})
