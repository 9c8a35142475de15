import { connect } from 'node:net'
import { parse } from 'csv-parse/sync'
import { type Receipt, RevocadeError } from 'revocade'
import { describe, expect, it } from 'vitest'
import { stateOf } from '#dist/server/page/list/rows-view.js'
import { Marked } from '#dist/server/page/undo-many/marked.js'
import { undoAll, undoneView } from '#dist/server/page/undo-many/undo-all.js'
import { send } from '../adapters/request.js'
import { servedPage } from './served-page.js'
import { EDITOR, ISSUER, mint, sidecar, VIEWER } from './sidecar.js'
import { type Answer, hidden, Visitor, words } from './visitor.js'

const { server, editor, viewer } = await servedPage()

const exp = Math.floor(Date.now() / 1000) + 3600

/** The links of a page, by their texts. */
const linksOf = ({ text }: Answer): Map<string, string> =>
  new Map(
    Array.from(text.matchAll(/<a[^>]*href="([^"]*)"[^>]*>([^<]*)<\/a>/g), ([, href = '', name = '']) => [
      name,
      href.replaceAll('&amp;', '&'),
    ]),
  )

/** The ids that a page of the list shows, in its order. */
const idsOf = ({ text }: Answer): string[] => Array.from(text.matchAll(/jti = (n\d+)/g), ([, id = '']) => id)

/** All that a server sends until it closes the connection. */
async function untilClosed(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let got = ''
  for await (const chunk of socket) got += String(chunk)
  return got
}

/** Sends a filter, and goes where it leads. */
async function filtered(fields: Readonly<Record<string, string>>, visitor = viewer): Promise<Answer> {
  const { status, headers } = await visitor.post('list', fields)
  expect(status).toBe(303)
  return visitor.get(headers.get('location') ?? '')
}

describe('the list of revocations', () => {
  it('says that there are none', async () => {
    expect(words(await viewer.get('list'))).toContain('Nothing is revoked.')
    expect(words(await viewer.get('changes'))).toContain('Nothing has been revoked yet.')
  })

  it('is in pages, newest first, forwards and back', async () => {
    const entries = Array.from({ length: 120 }, (_, i) => ({ jti: `n${i}`, iss: ISSUER, expiresAt: exp }))
    await server.engine.revokeMany(entries)
    const newestFirst = entries.map(({ jti }) => jti).toReversed()
    const [first, second, third] = [
      newestFirst.slice(0, 50),
      newestFirst.slice(50, 100),
      newestFirst.slice(100),
    ]
    const page1 = await viewer.get('list')
    expect(idsOf(page1)).toEqual(first)
    expect(linksOf(page1).has('Newer')).toBe(false)
    const page2 = await viewer.get(linksOf(page1).get('Older') ?? '')
    expect(idsOf(page2)).toEqual(second)
    const page3 = await viewer.get(linksOf(page2).get('Older') ?? '')
    expect(idsOf(page3)).toEqual(third)
    expect(linksOf(page3).has('Older')).toBe(false)
    const back = await viewer.get(linksOf(page3).get('Newer') ?? '')
    expect(idsOf(back)).toEqual(second)
    // There is no full page that is newer.
    expect(idsOf(await viewer.get(linksOf(back).get('Newer') ?? ''))).toEqual(first)
    expect(idsOf(await viewer.get(linksOf(back).get('Newest') ?? ''))).toEqual(first)
    for (const query of ['before=x', 'after=-1', 'before=1&before=2', 'after=99999999999999999999'])
      expect(idsOf(await viewer.get(`list?${query}`))).toEqual(first)
  })

  it('is filtered by a text in the id, the user or the reason, by who did it, and by kind', async () => {
    await server.engine.revokeWhere({ sub: 'Mallory' }, { reason: 'laptop LOST', actor: 'carol' })
    await server.engine.revoke({ jti: 'single', iss: ISSUER, exp }, { reason: 'paste site', actor: 'dave' })
    for (const [fields, found, missing] of [
      [{ text: 'mallory' }, 'sub = Mallory', 'jti = single'],
      [{ text: ' laptop lost ' }, 'sub = Mallory', 'jti = single'],
      [{ text: 'jti = single' }, 'jti = single', 'sub = Mallory'],
      [{ actor: 'CAR' }, 'sub = Mallory', 'jti = single'],
      [{ kind: 'selector' }, 'sub = Mallory', 'jti = single'],
      [{ kind: 'token', text: 's' }, 'jti = single', 'sub = Mallory'],
      [{ kind: 'other', text: 'paste' }, 'jti = single', 'sub = Mallory'],
    ] as const) {
      const text = words(await filtered(fields))
      expect(text).toContain(found)
      expect(text).not.toContain(missing)
    }
    expect(words(await filtered({ text: 'nowhere' }))).toContain(
      'Nothing here matches. The store has no tokens',
    )
    expect((await viewer.post('list', { text: ' ' })).headers.get('location')).toBe('list')
  })

  it('looks for texts of at most 1,024 characters', async () => {
    for (const name of ['text', 'actor']) {
      const refused = await viewer.post('list', { [name]: 'x'.repeat(1025) })
      expect([refused.status, words(refused)]).toEqual([400, expect.stringContaining('look for a part')])
      expect((await viewer.post('list', { [name]: 'x'.repeat(1024) })).status).toBe(303)
    }
  })

  it('keeps the filter from page to page, and has it in no address', async () => {
    const { headers } = await viewer.post('list', { text: 'n' })
    const address = headers.get('location') ?? ''
    expect(address).toMatch(/^list\?view=[\w-]{43}$/)
    const older = linksOf(await viewer.get(address)).get('Older') ?? ''
    expect(older).toMatch(/^list\?before=\d+&view=[\w-]{43}$/)
    const page2 = await viewer.get(older)
    expect(idsOf(page2).length).toBe(50)
    expect(page2.text).toContain('value="n"')
  })

  it('refuses a token as a filter, and does not repeat it', async () => {
    const token = await mint()
    const refused = await viewer.post('list', { text: `Bearer ${token}` })
    expect([refused.status, words(refused)]).toEqual([
      400,
      expect.stringContaining('There is a token in a field for something else'),
    ])
    expect(refused.text).not.toContain(token)
  })

  it('says when a filter is not known any more, or is of another login', async () => {
    const { headers } = await viewer.post('list', { text: 'x' })
    for (const path of [headers.get('location') ?? '', 'list?view=x', 'export?view=x']) {
      const answer = await editor.get(path)
      expect([answer.status, words(answer)]).toEqual([410, expect.stringContaining('filter anew')])
    }
  })

  it('stops to look after many rows, and goes on from there', async () => {
    const own = await sidecar()
    try {
      const visitor = new Visitor(own.admin)
      await visitor.logIn(VIEWER)
      await own.engine.revoke({ jti: 'oldest', exp }, { reason: 'the needle' })
      await own.engine.revokeMany(
        Array.from({ length: 20_100 }, (_, i) => ({ jti: `x${i}`, expiresAt: exp })),
      )
      const page1 = await filtered({ text: 'the needle' }, visitor)
      expect(words(page1)).toMatch(/Nothing was found so far\. Looked back to change \d+/)
      const page2 = await visitor.get(linksOf(page1).get('Older') ?? '')
      expect(words(page2)).toContain('jti = oldest')
      // All four begin before the first of them ends: they come in one piece.
      const path = `/ui/${(await visitor.post('list', { text: 'the needle' })).headers.get('location') ?? ''}`
      const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: ${visitor.cookie}\r\n`
      const text = `${`${request}\r\n`.repeat(3)}${request}Connection: close\r\n\r\n`
      const answers = await untilClosed(own.admin, text)
      expect(Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status)).toEqual([
        ...['200', '200', '200', '503'],
      ])
      expect((await visitor.get('list')).status).toBe(200)
    } finally {
      await own.close()
    }
  })
})

describe('an export', () => {
  it('has what the list has, of all pages, in the form that the command line writes', async () => {
    await server.engine.revoke({ jti: 'gone', exp })
    await server.engine.unrevoke({ jti: 'gone' })
    const { headers, text } = await viewer.get('export?format=ndjson')
    expect(headers.get('content-type')).toBe('application/x-ndjson')
    expect(headers.get('content-disposition')).toMatch(
      /^attachment; filename="revocations-\d{4}-\d\d-\d\d\.ndjson"$/,
    )
    const records = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records).toHaveLength(122)
    expect(records[0]).toEqual({
      jti: 'n0',
      iss: ISSUER,
      expiresAt: new Date(exp * 1000).toISOString(),
      revokedAt: expect.any(String) as string,
    })
    expect(records.find(({ where }) => where !== undefined)).toMatchObject({
      where: { sub: 'Mallory' },
      reason: 'laptop LOST',
      actor: 'carol',
      sameSecond: 'revoke',
    })
    const { headers: second } = await viewer.post('list', { text: 'laptop' })
    const view = second.get('location')?.split('view=')[1] ?? ''
    const csv = await viewer.get(`export?format=csv&view=${view}`)
    const rows: string[][] = parse(csv.text)
    expect(rows).toHaveLength(2)
    expect(rows[1]).toContain('{"sub":"Mallory"}')
  })

  it('of nothing is a file without lines', async () => {
    const { headers } = await viewer.post('list', { text: 'nowhere' })
    const view = headers.get('location')?.split('view=')[1] ?? ''
    expect((await viewer.get(`export?format=ndjson&view=${view}`)).text).toBe('')
    expect((await viewer.get(`export?format=csv&view=${view}`)).text).toMatch(/^jti,iss,[\w,]+\n$/)
  })

  it('is not made for HEAD, which shows none of it', async () => {
    const { cookie } = viewer
    const reply = await fetch(`http://127.0.0.1:${server.admin}/ui/export`, {
      method: 'HEAD',
      headers: { cookie },
    })
    expect(reply.status).toBe(404)
  })

  it('is one of few at a time, until it is read or the client is gone', async () => {
    const own = await sidecar()
    const visitor = new Visitor(own.admin)
    await visitor.logIn(VIEWER)
    // More than the buffers of two sockets hold.
    const reason = 'x'.repeat(1000)
    const entries = Array.from({ length: 12_000 }, (_, i) => ({ jti: `x${i}`, expiresAt: exp, reason }))
    await own.engine.revokeMany(entries)
    const abort = new AbortController()
    const unread = (): Promise<Response> =>
      fetch(`http://127.0.0.1:${own.admin}/ui/export`, {
        headers: { cookie: visitor.cookie },
        signal: abort.signal,
      })
    const downloads = [await unread(), await unread()]
    expect(downloads.map(({ status }) => status)).toEqual([200, 200])
    const refused = await visitor.get('export')
    expect([refused.status, words(refused)]).toEqual([503, expect.stringContaining('under way: wait')])
    const other = new Visitor(own.admin)
    await other.logIn(EDITOR)
    expect((await other.get('export')).text.trim().split('\n')).toHaveLength(12_000)
    // Held up to here: fetch() gives up a body whose response was collected as garbage.
    expect(downloads.map(({ bodyUsed }) => bodyUsed)).toEqual([false, false])
    abort.abort()
    await expect.poll(async () => (await visitor.get('export')).status).toBe(200)
    await own.close()
  })

  it('needs a login', async () => {
    expect((await new Visitor(server.admin).get('export?format=csv')).status).toBe(303)
  })
})

/** The page of the one revocation that a text finds. */
async function pageOf(text: string, visitor: Visitor): Promise<Answer> {
  const list = await filtered({ text }, visitor)
  return visitor.get(/href="(revocation\?seq=\d+)"/.exec(list.text)?.[1] ?? '')
}

const statusAtCheck = async (token: string): Promise<number> =>
  (await send(server.check, '/check', { authorization: [`Bearer ${token}`] })).status

describe('to take back', () => {
  it('shows what that means, and does it when it is confirmed', async () => {
    const token = await mint({ jti: 'mistaken' })
    await server.engine.revoke(token, { reason: 'the wrong one', actor: 'carol' })
    const page = await pageOf('mistaken', editor)
    expect(words(page)).toMatch(/In force .* Reason the wrong one By carol/)
    expect(words(page)).toMatch(/The token is accepted again: here at once, and everywhere after 1 s/)
    const kept = hidden(page, 'kept')
    const unsure = await editor.post('undo', { kept })
    expect([unsure.status, words(unsure)]).toEqual([
      409,
      expect.stringContaining('Nothing was done: say that'),
    ])
    expect(await statusAtCheck(token)).toBe(401)
    const done = await editor.post('undo', { kept, sure: 'yes' })
    expect(await statusAtCheck(token)).toBe(200)
    const after = words(await editor.get(done.headers.get('location') ?? ''))
    expect(after).toMatch(
      /^Taken back: the token with jti = mistaken .*Revoked by carol Taken back by alice Taken back at/,
    )
    expect(after).not.toContain('may be used again')
    // A second click.
    const second = await editor.post('undo', { kept, sure: 'yes' })
    expect([second.status, words(second)]).toEqual([409, expect.stringContaining('nothing was done')])
    expect(words(await filtered({ text: 'mistaken' }))).toContain('Nothing here matches')
    expect(words(await filtered({ text: 'mistaken', state: 'changes' }))).toMatch(
      /Taken back the wrong one revoked by carol, taken back by alice, /,
    )
  })

  it('does nothing when somebody has revoked it again since', async () => {
    const token = await mint({ jti: 'again' })
    await server.engine.revoke(token, { reason: 'by mistake', actor: 'carol' })
    const page = await pageOf('again', editor)
    await server.engine.revoke(token, { reason: 'really stolen', actor: 'dave' })
    const answer = await editor.post('undo', { kept: hidden(page, 'kept'), sure: 'yes' })
    expect([answer.status, words(answer)]).toEqual([409, expect.stringContaining('changed meanwhile')])
    expect(words(answer)).toMatch(/Reason really stolen By dave/)
    expect(await statusAtCheck(token)).toBe(401)
    // What is shown now may be taken back.
    expect((await editor.post('undo', { kept: hidden(answer, 'kept'), sure: 'yes' })).status).toBe(303)
    expect(await statusAtCheck(token)).toBe(200)
  })

  it('is for editors', async () => {
    const token = await mint({ jti: 'kept-back' })
    await server.engine.revoke(token)
    expect(words(await pageOf('kept-back', viewer))).toContain('Only an editor can take it back')
    const kept = hidden(await pageOf('kept-back', editor), 'kept')
    const refused = await viewer.post('undo', { kept, sure: 'yes' })
    expect([refused.status, words(refused)]).toEqual([403, expect.stringContaining('only an editor')])
    const other = new Visitor(server.admin)
    await other.logIn(EDITOR)
    expect((await other.post('undo', { kept, sure: 'yes' })).status).toBe(410)
    expect(await statusAtCheck(token)).toBe(401)
  })

  it('of a selector says that stolen tokens work again', async () => {
    await server.engine.revokeWhere({ sub: 'many' })
    expect(words(await pageOf('sub = many', editor))).toMatch(/Tokens that it revokes .* Also stolen ones/)
  })

  it('finds no revocation that was changed, or never was', async () => {
    const { seq } = await server.engine.revoke({ jti: 'moved', exp })
    await server.engine.revoke({ jti: 'moved', exp })
    for (const query of [`seq=${seq}`, 'seq=999999', 'seq=x', 'seq=1&seq=2', '']) {
      const answer = await viewer.get(`revocation?${query}`)
      expect([answer.status, words(answer)]).toEqual([404, expect.stringContaining('changed since')])
    }
  })
})

describe('changes', () => {
  it('are counted by who made them, and lead to those of one', async () => {
    const page = await viewer.get('changes')
    const text = words(page)
    // 'gone' was taken back by nobody who was named.
    expect(text).toMatch(/By whom Of all changes .* not recorded \d+ 1 (?:now|\d+ s ago)/)
    expect(text).toMatch(/carol 2 0 (?:now|\d+ s ago)/)
    expect(text).toMatch(/alice 0 2 (?:now|\d+ s ago)/)
    const list = words(await filtered({ actor: 'carol', state: 'changes' }))
    expect(list).toContain('sub = Mallory')
    expect(list).not.toContain('jti = single')
    expect(words(await filtered({ actor: 'alice', state: 'changes' }))).toContain('jti = mistaken')
    expect(words(await filtered({ actor: 'alice' }))).toContain('Nothing here matches')
  })

  it('stand on the overview, the newest ones', async () => {
    await server.engine.revokeWhere({ sub: 'the-newest' }, { reason: 'just now', actor: 'erin' })
    expect(words(await viewer.get('./'))).toMatch(
      /Newest changes all tokens with sub = the-newest just now erin/,
    )
  })

  it('show what begins later, and what has ended', async () => {
    const notBefore = new Date(Date.now() + 600_000)
    await server.engine.revoke({ jti: 'begins', exp }, { notBefore })
    expect(words(await filtered({ text: 'begins' }))).toContain('Begins later')
    expect(words(await pageOf('begins', viewer))).toContain('Begins later')
    const row = {
      seq: 1,
      target: { kind: 'hash', sha256: '' },
      revoked: true,
      expiresAt: exp,
      revokedAt: 0,
    } as const
    expect([stateOf(row, exp, 0), stateOf(row, exp - 1, 0)]).toEqual(['ended', 'live'])
  })
})

describe('to take several back', () => {
  const boxesOf = ({ text }: Answer): Record<string, string> =>
    Object.fromEntries(Array.from(text.matchAll(/name="(row\.\d+)"/g), ([, name = '']) => [name, 'yes']))

  it('is marked in the list, shown, and done when it is confirmed', async () => {
    const tokens = await Promise.all(['m1', 'm2', 'm3'].map((jti) => mint({ jti, sub: 'several' })))
    for (const token of tokens) await server.engine.revoke(token, { reason: 'several of them' })
    const issuedBefore = Math.floor(Date.now() / 1000) - 600
    await server.engine.revokeWhere({ sub: 'several' }, { issuedBefore, reason: 'several of them' })
    const list = await filtered({ text: 'several of them' }, editor)
    const boxes = boxesOf(list)
    expect(Object.keys(boxes)).toHaveLength(4)
    expect(boxesOf(await filtered({ text: 'several of them' }, viewer))).toEqual({})
    const back = hidden(list, 'back')
    const preview = await editor.post('undo-preview', { ...boxes, back })
    expect(words(preview)).toMatch(
      /jti = m3 .*jti = m2 .*jti = m1 .*Take back 4 revocations .*Also stolen ones/,
    )
    const kept = hidden(preview, 'kept')
    const unsure = await editor.post('undo-confirm', { kept })
    expect([unsure.status, words(unsure)]).toEqual([400, expect.stringContaining('Nothing was done: say')])
    expect(await Promise.all(tokens.map(statusAtCheck))).toEqual([401, 401, 401])
    // Somebody is sure about one of them.
    await server.engine.revoke(tokens[1] ?? '', { reason: 'several of them', actor: 'dave' })
    const done = await editor.post('undo-confirm', { kept, sure: 'yes' })
    expect([done.status, done.headers.get('location')]).toEqual([303, back])
    expect(await Promise.all(tokens.map(statusAtCheck))).toEqual([200, 401, 200])
    const after = await editor.get(back)
    expect(words(after)).toMatch(
      /^Taken back: 3 revocations\. It holds here .* Left as they are, because they changed .*: 1\. Revoc/,
    )
    expect(Object.keys(boxesOf(after))).toHaveLength(1)
    // A second click, and marks of a list that is too old.
    expect((await editor.post('undo-confirm', { kept, sure: 'yes' })).headers.get('location')).toBe(back)
    expect(words(await editor.get('list'))).toMatch(/^Taken back: nothing\. Left as they are.*: 4\./)
    await editor.post('undo-preview', boxes)
    expect(words(await editor.get('list'))).toMatch(/^Nothing was done: what you marked changed or ended/)
    const [name = ''] = Object.keys(boxesOf(after))
    const rest = await editor.post('undo-preview', { ...boxes, [name]: 'yes' })
    expect(words(rest)).toMatch(
      /4 revocations that you marked changed or ended .*Take back 1 revocation Tokens/,
    )
  })

  it('is for editors, of their own login, and goes back to a page of the list only', async () => {
    for (const path of ['undo-preview', 'undo-confirm']) {
      const answer = await viewer.post(path, { 'row.1': 'yes', kept: 'x', sure: 'yes' })
      expect([answer.status, words(answer)]).toEqual([403, expect.stringContaining('only an editor')])
    }
    expect((await editor.post('undo-confirm', { kept: 'x', sure: 'yes' })).status).toBe(410)
    for (const back of ['https://attacker.example/', '//attacker.example', '../revocations', 'listen', ''])
      expect((await editor.post('undo-preview', { back })).headers.get('location')).toBe('list')
    expect(words(await editor.get('list'))).toMatch(/^Nothing was done: mark first/)
    // What was taken back already.
    await server.engine.revoke({ jti: 'over', exp })
    const { seq } = await server.engine.unrevoke({ jti: 'over' })
    await editor.post('undo-preview', { [`row.${seq}`]: 'yes' })
    expect(words(await editor.get('list'))).toMatch(/^Nothing was done: what you marked changed or ended/)
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`row.${i}`, 'yes']))
    expect((await editor.post('undo-preview', many)).status).toBe(400)
  })

  it('tells of what could not be written, and of what was', async () => {
    const rows = [1, 2, 3].map((seq) => ({
      seq,
      target: { kind: 'id', claim: 'jti', id: `${seq}` } as const,
    }))
    const receipt = { outcome: 'unrevoked', effectiveEverywhereAt: new Date(0) } as Receipt
    const results = [receipt, undefined, new RevocadeError('ERR_NOT_DURABLE', 'the disk is full')]
    const takeBack = ({ seq }: { readonly seq: number }): Promise<Receipt | undefined> => {
      const result = results[seq - 1]
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result)
    }
    const undone = await undoAll(new Marked(rows, 'list'), takeBack)
    expect(undone).toMatchObject({ receipts: [{ undone: 1 }], changed: 1 })
    expect(words({ ...(await viewer.get('login')), text: undoneView(undone, 0).text })).toMatch(
      /Taken back: 1 revocation\. .*: 1\. Not taken back: 1, because the store did not confirm it\./,
    )
    await expect(undoAll(new Marked(rows.slice(2), 'list'), takeBack)).rejects.toThrow('the disk is full')
  })
})
