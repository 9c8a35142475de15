import { describe, expect, it } from 'vitest'
import { inProcess } from '../cli/in-process.js'
import { Running } from '../support/cli.js'
import { mint } from './sidecar.js'
import { hidden, Visitor } from './visitor.js'

const dir = inProcess()
const ADMIN = 'a-token-of-the-admin-0123456789'

/** The port of the admin listener, once the process says it. */
async function portOf(running: Running): Promise<number> {
  const port = (): number =>
    Number(/"listener":"adminListen","url":"http:\/\/[^"]*:(\d+)"/.exec(running.stdout)?.[1] ?? 0)
  await expect.poll(port, { timeout: 60_000 }).toBeGreaterThan(0)
  return port()
}

describe('a token that was given to the page', () => {
  it('is in no address, no header and no line of the log, wherever it was pasted', async () => {
    const running = new Running(
      ['serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--log-level', 'trace'],
      {
        cwd: dir.path,
        env: { REVOCADE_ADMIN_TOKEN: ADMIN, REVOCADE_MAX_TOKEN_LIFETIME_SECONDS: '3600' },
      },
    )
    const visitor = new Visitor(await portOf(running))
    const token = await mint({ sub: 'secret-keeper' })
    await visitor.logIn(token)
    await visitor.logIn(ADMIN)
    const preview = () => visitor.post('preview', { by: 'token', token })
    const statuses: number[] = []
    for (const [path, fields] of [
      ['lookup', { token }],
      ['lookup', { claim: 'sub', value: token }],
      ['preview', { by: 'token', token }],
      ['preview', { by: 'all.sub', claim0: token }],
      ['preview', { by: 'id.jti', claim0: token, iss: token }],
      ['list', { text: token, actor: token, kind: token, state: token }],
      ['undo', { kept: token, sure: token }],
      ['sessions', { by: token, value: token }],
      ['end', { what: token, sub: token, sid: token }],
      ['end', { what: 'login', sub: token, sid: token }],
      ['end-confirm', { kept: token, reason: token }],
      ['confirm', { kept: token, reason: token }],
      [`list?view=x&text=${token}`, { text: token }],
    ] as const) {
      const answer = await visitor.post(path, fields)
      statuses.push(answer.status)
      expect(JSON.stringify([...answer.headers]) + answer.text).not.toContain(token)
    }
    // Only the field of a token takes one.
    expect(statuses).toEqual([200, 400, 200, ...Array.from({ length: 10 }, () => 400)])
    // Somebody puts it into an address by hand, where there is a row to mark.
    await visitor.post('confirm', { kept: hidden(await preview(), 'kept'), reason: token })
    for (const path of [
      `list?text=${token}`,
      `list?before=${token}`,
      `revocation?seq=${token}`,
      `revoke?by=${token}`,
      token,
    ]) {
      const { headers, text } = await visitor.get(path)
      expect(JSON.stringify([...headers]) + text).not.toContain(token)
    }
    // What was revoked by its token, with the token as its reason: nothing that shows it has the token.
    for (const path of [
      'list',
      'changes',
      './',
      'revocation?seq=1',
      'export?format=csv',
      'export?format=ndjson',
    ])
      expect((await visitor.get(path)).text).not.toContain(token)
    running.signal('SIGTERM')
    const { code, stdout, stderr } = await running.ended
    expect(code).toBe(0)
    expect(stdout).toContain('"revoked on the page"')
    for (const part of [token, token.split('.')[1] ?? '', ADMIN])
      expect([stdout.includes(part), stderr.includes(part)]).toEqual([false, false])
  })
})
