import { expect } from 'vitest'
import { EDITOR, mint, sidecar } from './sidecar.js'
import { hidden, Visitor, words } from './visitor.js'

/** Takes revocations back on the page of a server with a store: one on its own page, and two of the list. */
export async function undoesOnPage(store: string): Promise<void> {
  const server = await sidecar({ engine: { store } })
  try {
    const editor = new Visitor(server.admin)
    await editor.logIn(EDITOR)
    const tokens = await Promise.all([mint(), mint(), mint()])
    const [one, ...others] = tokens
    const { seq } = await server.engine.revoke(one, { reason: 'the wrong one', actor: 'carol' })
    const seqs = await Promise.all(others.map(async (token) => (await server.engine.revoke(token)).seq))
    const page = await editor.get(`revocation?seq=${seq}`)
    const done = await editor.post('undo', { kept: hidden(page, 'kept'), sure: 'yes' })
    expect(words(await editor.get(done.headers.get('location') ?? ''))).toMatch(
      /Revoked by carol Taken back by alice/,
    )
    const boxes = Object.fromEntries(seqs.map((number) => [`row.${number}`, 'yes']))
    const preview = await editor.post('undo-preview', boxes)
    await editor.post('undo-confirm', { kept: hidden(preview, 'kept'), sure: 'yes' })
    expect(words(await editor.get('list'))).toMatch(/^Taken back: 2 revocations\. .* Nothing is revoked\./)
    for (const token of tokens) expect(await server.engine.isRevoked(token)).toBe(false)
    expect(words(await editor.get('changes'))).toMatch(/alice 0 3 /)
  } finally {
    await server.close()
  }
}
