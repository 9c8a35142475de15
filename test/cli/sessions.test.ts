import { copyFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Revocade } from 'revocade'
import { describe, expect, it } from 'vitest'
import { checkSessions, madeAtOf } from '#dist/cli/doctor/sessions.js'
import { createSessions, type SessionsOptions } from '#dist/sessions/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import { ndjson } from '../support/cli.js'
import { open } from '../support/engine.js'
import { DAY_SECONDS, fate, openWorld } from '../support/sessions.js'
import { ManualClock } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()

/** A service with sessions on the store of the directory. */
async function service(options: SessionsOptions = {}, clock?: ManualClock) {
  const revocade: Revocade = await open({
    store: join(dir.path, 'revocade.db'),
    claims: ['sid', 'sub', ['sid', 'client_id']],
    maxTokenLifetimeSeconds: 90 * DAY_SECONDS,
    maxStalenessMs: 0,
    snapshot: false,
    clock,
  })
  return { revocade, sessions: createSessions(revocade, options) }
}

interface Listed {
  readonly sid: string
}
const sidsIn = (stdout: string): string[] => (ndjson(stdout) as Listed[]).map(({ sid }) => sid)

describe('sessions list', () => {
  it('shows the live sessions of a user or a login, as a table or as JSON', async () => {
    const { sessions } = await service()
    expect(await dir.run(['sessions', 'list', '--sub', 'alice'])).toMatchObject({
      ...{ code: 0, stdout: '', stderr: 'note: no live sessions\n' },
    })
    const phone = await sessions.create({
      sub: 'alice',
      details: { device: 'phone\u001b[2J', trusted: true },
    })
    const { sid } = phone.session
    await sessions.create({ sub: 'alice', sid, clientId: 'wiki', jkt: 'x'.repeat(43) })
    const ended = await sessions.create({ sub: 'alice' })
    await sessions.create({ sub: 'bob' })
    await sessions.revoke({ sid: ended.session.sid })
    const { code, stdout, stderr } = await dir.run(['sessions', 'list', '--sub', 'alice'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [head = '', ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^login \(sid\) +application +began +refreshed +ends +bound +details$/)
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatch(new RegExp(`^${sid} .*Z .*Z .*Z +device=phone \\[2J trusted=true$`))
    expect(rows[1]).toMatch(new RegExp(`^${sid} +wiki .* yes$`))
    const json = await dir.run(['sessions', 'list', '--sid', sid, '--json'])
    expect(ndjson(json.stdout)).toEqual([
      JSON.parse(JSON.stringify(phone.session)),
      expect.objectContaining({ sid, sub: 'alice', clientId: 'wiki', bound: true }),
    ])
    expect(stdout + json.stdout).not.toContain('rt_')
  })
})

describe('sessions end', () => {
  it('ends all logins of a user, or all but one, and their access tokens', async () => {
    const { sessions, revocade } = await service()
    const kept = await sessions.create({ sub: 'alice' })
    const others = [await sessions.create({ sub: 'alice' }), await sessions.create({ sub: 'alice' })]
    const bob = await sessions.create({ sub: 'bob' })
    const { sid } = kept.session
    const args = ['--sub', 'alice', '--except', sid, '--reason', 'new password', '--actor', 'ops']
    const ended = await dir.run(['sessions', 'end', ...args])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^ended 2 sessions \(durable, seq 2\)\n$/)
    for (const { refreshToken, claims } of others) {
      expect(await fate(sessions.rotate(refreshToken))).toBe('ended')
      expect(await revocade.isRevoked({ ...claims, jti: 'a' })).toBe(true)
    }
    expect(await revocade.isRevoked({ ...kept.claims, jti: 'a' })).toBe(false)
    const { stdout } = await dir.run(['list', '--json'])
    expect(ndjson(stdout)).toMatchObject([
      { reason: 'new password', actor: 'ops', withoutCutoff: true },
      { reason: 'new password', actor: 'ops', withoutCutoff: true },
    ])
    expect(sidsIn((await dir.run(['sessions', 'list', '--sub', 'alice', '--json'])).stdout)).toEqual([sid])
    const wrong = await dir.run([
      'sessions',
      'end',
      '--sub',
      'alice',
      '--except',
      others[0]?.session.sid ?? '',
    ])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('so nothing was ended')])
    expect(await fate(sessions.rotate(kept.refreshToken))).toBe('taken')
    const all = await dir.run(['sessions', 'end', '--sub', 'alice', '--json'])
    expect(JSON.parse(all.stdout)).toMatchObject({ ended: 1, durable: true, redis: 'off', seq: 3 })
    expect(await fate(sessions.rotate(bob.refreshToken))).toBe('taken')
  })

  it('ends a login, or one application in it', async () => {
    const { sessions } = await service()
    const first = await sessions.create({ sub: 'alice', clientId: 'mail' })
    const { sid } = first.session
    const wiki = await sessions.create({ sub: 'alice', sid, clientId: 'wiki' })
    const one = await dir.run(['sessions', 'end', '--sid', sid, '--client-id', 'wiki'])
    expect(one.stdout).toMatch(/^ended 1 session \(durable/)
    expect(await fate(sessions.rotate(wiki.refreshToken, { clientId: 'wiki' }))).toBe('ended')
    expect(await fate(sessions.rotate(first.refreshToken, { clientId: 'mail' }))).toBe('taken')
    expect((await dir.run(['sessions', 'end', '--sid', sid])).stdout).toMatch(/^ended 1 session /)
    expect(await fate(sessions.create({ sub: 'alice', sid, clientId: 'wiki' }))).toBe('ended')
  })

  it('with --all ends what a copy has brought back, and nothing where there is nothing', async () => {
    const { sessions, revocade } = await service()
    expect((await dir.run(['sessions', 'end', '--all'])).stdout).toBe('there was no session to end\n')
    const spent = await Promise.all(Array.from({ length: 70 }, (_, i) => sessions.create({ sub: `u${i}` })))
    const path = join(dir.path, 'revocade.db')
    await revocade.close()
    copyFileSync(path, `${path}.copy`)
    const later = await service()
    await Promise.all(spent.map(({ refreshToken }) => later.sessions.rotate(refreshToken)))
    await later.revocade.close()
    renameSync(`${path}.copy`, path)
    const ended = await dir.run(['sessions', 'end', '--all', '--json'])
    expect(JSON.parse(ended.stdout)).toMatchObject({ ended: 70, durable: true })
    const restored = await service()
    for (const { refreshToken } of spent)
      expect(await fate(restored.sessions.rotate(refreshToken))).toBe('ended')
  })

  it('remembers an end for as long as tokens of the services live', async () => {
    await service()
    const one = await dir.run(['sessions', 'end', '--sid', 'x', '--token-lifetime', '1h'])
    expect(one.stdout).toMatch(
      /^no live session; tokens with sid = x are revoked until \S+ \S+Z \(durable, seq 1\)\n$/,
    )
    const [revocation] = ndjson((await dir.run(['list', '--json'])).stdout) as { expiresAt: string }[]
    const seconds = (Date.parse(revocation?.expiresAt ?? '') - Date.now()) / 1000
    expect(Math.round(seconds / 60)).toBe(60)
  })

  it('refuses a command line that names nothing or too much, and changes nothing', async () => {
    const { revocade } = await service()
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [['list'], '--sub USER or --sid LOGIN'],
      [['list', '--sub', 'u', '--sid', 's'], '--sub USER or --sid LOGIN'],
      [['end'], 'one of --sub USER'],
      [['end', '--sub', 'u', '--all'], 'one of --sub USER'],
      [['end', '--sid', 's', '--except', 't'], '--except goes with --sub'],
      [['end', '--sub', 'u', '--client-id', 'a'], '--client-id goes with --sid'],
      [['end', '--sub', 'u', '--token-lifetime', 'soon'], '--token-lifetime'],
      [['end', 'rt_x'], 'too many arguments'],
      [['end', '--sub', 'u', '--except', 's'], "no live session of 'u' has the sid 's' of --except"],
      [['ends', '--sub', 'u'], "there is no command 'sessions ends'"],
      [['--sub', 'u'], "say what to do: 'sessions list'"],
      [['ls'], "there is no command 'sessions ls'"],
      [[], "'sessions list' or 'sessions end'"],
    ]
    for (const [args, message] of wrong) {
      const { code, stdout, stderr } = await dir.run(['sessions', ...args])
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)])
      expect(stderr).toMatch(/^ERR_USAGE: /)
    }
    const long = await dir.run(['sessions', 'end', '--sub', 'u'.repeat(256), '--json'])
    expect([long.code, JSON.parse(long.stderr)]).toMatchObject([2, { error: { code: 'ERR_CONFIG' } }])
    expect(revocade.stats().store.seq).toBe(0)
    const elsewhere = await dir.run(['sessions', 'end', '--all', '--store', './other.db'])
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringMatching(/^ERR_STORE_UNAVAILABLE/)])
  })
})

describe('doctor on sessions', () => {
  const checksOf = async () => {
    const { stdout } = await dir.run(['doctor', '--json'])
    const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; detail: string }[] }
    return checks.filter(({ check }) => check === 'sessions')
  }

  it('says what to do after a restore', async () => {
    const { sessions } = await service()
    expect(await checksOf()).toEqual([])
    await sessions.create({ sub: 'u' })
    const [finding] = await checksOf()
    expect(finding).toMatchObject({ status: 'ok' })
    expect(finding?.detail).toMatch(/^1 live\. After a restore/)
  })

  it('warns of a file that is younger than its sessions', async () => {
    const store = new MemoryStore()
    const { sessions, clock } = await openWorld({ connect: () => store })
    clock.wall = Date.now()
    const { session } = await sessions.create({ sub: 'u' })
    expect(await checkSessions(store, clock.wall + 60_000)).toMatchObject([{ status: 'ok' }])
    expect(await checkSessions(store, clock.wall + 60_001)).toMatchObject([
      {
        status: 'warn',
        detail: expect.stringMatching(/^1 live, 1 of them began before the file was made at /) as string,
        advice: expect.stringContaining("'revocade sessions end --all'") as string,
      },
    ])
    await sessions.revoke({ sid: session.sid })
    expect(await checkSessions(store, clock.wall + 60_001)).toEqual([])
  })

  it('knows when a file was made only where the file system does', () => {
    expect(madeAtOf({ birthtimeMs: 5, ctimeMs: 9 })).toBe(5)
    expect(madeAtOf({ birthtimeMs: 9, ctimeMs: 9 })).toBeUndefined()
    expect(madeAtOf({ birthtimeMs: 0, ctimeMs: 9 })).toBeUndefined()
  })
})

describe('a copy of the revocations', () => {
  it('lacks the live sessions, and backup and migrate say how many', async () => {
    const { sessions } = await service()
    const { session } = await sessions.create({ sub: 'alice' })
    await sessions.create({ sub: 'bob' })
    await sessions.create({ sub: 'bob' })
    await sessions.revoke({ sid: session.sid })
    const note = '2 live sessions are not copied: their users log in again when services use the copy'
    const json = await dir.run(['backup', 'a.backup', '--json'])
    expect(json).toMatchObject({ code: 0, stderr: `${JSON.stringify({ note })}\n` })
    expect(JSON.parse(json.stdout)).toMatchObject({ namespaces: ['default'], sessionsLeft: 2 })
    const copied = await dir.run(['migrate', '--from', 'revocade.db', '--to', 'b.db'])
    expect(copied).toMatchObject({ code: 0, stderr: `note: ${note}\n` })
    expect((await dir.run(['migrate', '--from', 'b.db', '--to', 'c.db'])).stderr).toBe('')
  })
})
