import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jwt, ndjson, NEW_STORE } from '../support/cli.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const HASH = /^sha256=[0-9a-f]{64}$/

describe('revoke, check, unrevoke', () => {
  it('revoke a token and take it back, told by the exit codes', async () => {
    const token = jwt({ jti: 'a', sub: 'alice', exp: inSeconds(3600) })
    expect(await dir.runProcess(['revoke', token, '--reason', 'lost', '--actor', 'ops'])).toMatchObject({
      code: 0,
      stderr: NEW_STORE,
      stdout: expect.stringMatching(/^revoked jti=a until .* \(durable, seq 1\)\n$/) as string,
    })
    const revoked = await dir.runProcess(['check', token])
    expect(revoked).toMatchObject({ code: 1, stderr: '' })
    expect(revoked.stdout).toMatch(
      /^revoked \(decided by: store\)\ntarget {3}jti=a\nrevoked .* by ops\nuntil .*\nreason {3}lost\n$/,
    )
    expect(await dir.run(['check', jwt({ jti: 'b' })])).toMatchObject({
      code: 0,
      stdout: 'active (decided by: store)\n',
    })
    expect(await dir.run(['unrevoke', token])).toMatchObject({ code: 0 })
    expect(await dir.run(['check', token])).toMatchObject({ code: 0 })
    expect(await dir.run(['unrevoke', token, '--json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"unchanged"') as string,
    })
  })

  it('revoke from a later moment on, and say so', async () => {
    const [claims, notBefore] = [JSON.stringify({ jti: 'a', exp: inSeconds(7200) }), inSeconds(3600)]
    const args = ['--claims-json', claims]
    const { stdout } = await dir.run(['revoke', ...args, '--not-before', String(notBefore)])
    const from = new Date(notBefore * 1000).toISOString().slice(0, 19).replace('T', ' ')
    expect(stdout).toContain(`revoked jti=a from ${from}Z until `)
    expect(await dir.run(['check', ...args])).toMatchObject({
      code: 0,
      stdout: `active (decided by: store)\npending  jti=a, revoked from ${from}Z\n`,
    })
    expect((await dir.run(['list'])).stdout).toMatch(new RegExp(`not before.*\n.*${from}`))
    const listed = ndjson((await dir.run(['list', '--json'])).stdout)
    expect(listed).toMatchObject([{ notBefore: new Date(notBefore * 1000).toISOString() }])
    expect(await dir.run(['revoke', ...args])).toMatchObject({ code: 0 })
    expect(await dir.run(['check', ...args])).toMatchObject({ code: 1 })
    const wrong = await dir.run(['revoke', ...args, '--not-before', 'tomorrow'])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--not-before is not a time')])
  })

  it('answer with one JSON document', async () => {
    const exp = inSeconds(3600)
    const receipt: unknown = JSON.parse(
      (await dir.run(['revoke', jwt({ jti: 'a', iss: 'i', exp }), '--json'])).stdout,
    )
    expect(receipt).toMatchObject({
      seq: 1,
      outcome: 'revoked',
      durable: true,
      target: { kind: 'id', claim: 'jti', id: 'a', iss: 'i' },
      expiresAt: new Date(exp * 1000).toISOString(),
    })
    const { code, stdout, stderr } = await dir.run([
      'check',
      '--claims-json',
      '{"jti":"a","iss":"i"}',
      '--json',
    ])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'revoked',
      decidedBy: 'store',
      revocation: { seq: 1 },
    })
    const otherIssuer = await dir.run(['check', '--claims-json', '{"jti":"a","iss":"j"}', '--json'])
    expect(otherIssuer).toMatchObject({ code: 0, stdout: '{"status":"active","decidedBy":"store"}\n' })
  })

  it('refuse a revocation without an end, and say what to type', async () => {
    const ran = await dir.run(['revoke', '--jti', 'a', '--json'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ndjson(ran.stderr).at(-1)).toMatchObject({
      error: { code: 'ERR_NO_EXPIRY', message: expect.stringContaining('--expires-in 8h') as string },
    })
  })

  it('revoke by claims, add the selector, and name the option for services', async () => {
    const args = ['--where', 'client_id=web', '--where', 'level:=5']
    const ran = await dir.run([
      'revoke',
      ...args,
      '--expires-in',
      '8h',
      '--issued-before',
      '2026-01-02T00:00:00Z',
      '--same-second',
      'keep',
    ])
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^revoked where client_id=web level=5 until/) as string,
    })
    expect(ran.stderr).toContain(`["client_id","level"] in their option 'claims'`)
    const check = (claims: object, ...more: string[]) =>
      dir.run(['check', '--claims-json', JSON.stringify(claims), ...more])
    const token = { jti: 'x', client_id: 'web', level: 5, iat: Date.UTC(2026, 0, 2) / 1000 - 1 }
    expect(await check(token, '--claims', 'sid,client_id+level')).toMatchObject({ code: 1, stderr: '' })
    expect(await check({ ...token, iat: token.iat + 1 }, '--claims', 'client_id+level')).toMatchObject({
      code: 0,
    })
    expect(await check({ ...token, level: '5' }, '--claims', 'client_id+level')).toMatchObject({ code: 1 })
    expect(await check({ ...token, level: '6' }, '--claims', 'client_id+level')).toMatchObject({ code: 0 })
    const unasked = await check(token)
    expect(unasked).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('also revokes by client_id+level') as string,
    })
    expect(await dir.run(['unrevoke', ...args])).toMatchObject({ code: 0 })
    expect(await check(token, '--claims', 'client_id+level')).toMatchObject({ code: 0 })
  })

  it('take nested claims, and refuse a name with a dot that could mean one', async () => {
    const where = (name: string) => ['--where', `${name}=admin`, '--expires-in', '1h']
    expect(await dir.run(['revoke', ...where('realm_access.roles')])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'\/realm_access\/roles' .*'\/realm_access\.roles'/) as string,
    })
    expect(await dir.run(['revoke', ...where('/realm_access/roles')])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`"/realm_access/roles" in their option 'claims'`) as string,
    })
    const claims = ['--claims-json', '{"jti":"x","realm_access":{"roles":["admin"]}}']
    expect(await dir.run(['check', ...claims, '--claims', '/realm_access/roles'])).toMatchObject({ code: 1 })
    const env = { REVOCADE_STORE: './revocade.db' }
    for (const name of ['/realm_access/roles', '/act/sub'])
      await dir.run(['revoke', ...where(name), '--where', 'client_id=web'], { env })
    const pair = ['--claims', '/act/sub+client_id,/realm_access/roles+client_id']
    const acting = JSON.stringify({ jti: 'x', client_id: 'web', act: { sub: 'admin' } })
    const revoked = await dir.run(['check', '--claims-json', acting, ...pair])
    expect(revoked.code).toBe(1)
    expect(revoked.stdout).toContain('target   where /act/sub=admin client_id=web\n')
    expect((await dir.run(['list'])).stdout).toContain('where /act/sub=admin client_id=web')
    expect((await dir.run(['stats'])).stdout).toContain('live selectors on /act/sub+client_id')
    const taken = await dir.run(['unrevoke', '--where', '/act/sub=admin', '--where', 'client_id=web'])
    expect(taken.stdout).toContain('unrevoked where /act/sub=admin client_id=web')
    expect(await dir.run(['check', '--claims-json', acting, ...pair])).toMatchObject({ code: 0 })
    await dir.run(['unrevoke', '--where', '/realm_access/roles=admin', '--where', 'client_id=web'])
    expect(await dir.run(['revoke', ...where('/a.b')])).toMatchObject({ code: 0 })
    expect(await dir.run(['export', '--output', 'out.ndjson'])).toMatchObject({ code: 0 })
    expect(readFileSync(join(dir.path, 'out.ndjson'), 'utf8')).toContain('{"where":{"/a.b":"admin"}')
    expect(await dir.run(['import', 'out.ndjson', '--store', 'again.db'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('imported 2,') as string,
    })
  })

  it('name tokens by another id claim', async () => {
    expect(await dir.run(['revoke', '--id', 'uti=u1', '--iss', 'i', '--expires-in', '1h'])).toMatchObject({
      code: 0,
    })
    const claims = ['--claims-json', '{"uti":"u1","iss":"i"}']
    expect(await dir.run(['check', ...claims, '--id-claims', 'jti,uti'])).toMatchObject({ code: 1 })
    expect(await dir.run(['check', ...claims])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ERR_TOKEN_NOT_IDENTIFIABLE') as string,
    })
  })

  it('take an id without issuer for that id of any issuer', async () => {
    const ran = await dir.run(['revoke', '--id', 'uti:=5', '--expires-in', '1h'])
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^revoked where uti=5 until/) as string,
    })
    const check = ['check', '--claims-json', '{"uti":5,"iss":"i"}', '--id-claims', 'uti']
    expect(await dir.run(check)).toMatchObject({ code: 1 })
    expect(await dir.run(['unrevoke', '--id', 'uti:=5'])).toMatchObject({ code: 0 })
    expect(await dir.run(check)).toMatchObject({ code: 0 })
  })

  it('take an id of an issuer for a text and for a number, where it may be either', async () => {
    const codes = async (): Promise<unknown[]> => {
      const text = await dir.run(['check', '--claims-json', '{"jti":"42","iss":"i"}'])
      const number = await dir.run(['check', '--claims-json', '{"jti":42,"iss":"i"}'])
      return [text.code, number.code]
    }
    const of = ['--jti', '42', '--iss', 'i'] as const
    const inOneHour = ['--expires-in', '1h'] as const
    expect(await dir.run(['revoke', '--id', 'jti:=42', '--iss', 'i', ...inOneHour])).toMatchObject({
      code: 0,
    })
    expect(await codes()).toEqual([0, 1])
    expect(await dir.run(['check', ...of])).toMatchObject({ code: 1 })
    const ran = await dir.run(['revoke', ...of, ...inOneHour])
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^revoked jti=42 iss=i until [^\n]*\n$/) as string,
      stderr: expect.stringContaining('may be a text or a number') as string,
    })
    expect(await codes()).toEqual([1, 1])
    const { stdout } = await dir.run(['list'])
    expect(stdout.match(/^jti\S+/gm)?.toSorted()).toEqual(['jti:=42', 'jti=42'])
    expect((await dir.run(['unrevoke', ...of])).stdout).toMatch(/^unrevoked jti=42 iss=i [^\n]*\n$/)
    expect(await codes()).toEqual([0, 0])
    expect(await dir.run(['check', ...of])).toMatchObject({ code: 0 })
    expect((await dir.run(['unrevoke', ...of])).stdout).toContain('was not revoked')
  })

  it('say what a revocation may miss', async () => {
    const sealed = `${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}..aXY.Y2lwaGVy.dGFn`
    const ran = await dir.run(['revoke', sealed, '--expires-in', '1h'])
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('revoke the claims') as string })
  })

  it('check selectors alone, and advise it in the words of the command line', async () => {
    await dir.run(['revoke', '--where', 'sub=alice', '--expires-in', '1h'])
    const check = ['check', '--claims-json', '{"sub":"alice"}']
    const refused = await dir.run(check)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--selectors-only') as string })
    expect(refused.stderr).not.toContain('selectorsOnly')
    expect(await dir.run([...check, '--selectors-only'])).toMatchObject({ code: 1 })
    const whole = ['check', '--claims-json', '{"payload":{"sub":"alice"}}', '--selectors-only']
    expect(await dir.run(whole)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('.payload') as string,
    })
  })

  it('note that a selector still revokes an un-revoked token', async () => {
    const token = jwt({ jti: 'a', sub: 'alice', iat: 1, exp: inSeconds(3600) })
    await dir.run(['revoke', token])
    await dir.run(['revoke', '--where', 'sub=alice', '--expires-in', '1h'])
    const ran = await dir.run(['unrevoke', token])
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("still revoked by 'where sub=alice'") as string,
    })
  })
})

describe('tokens by the line', () => {
  it('are read from stdin and files; the worst line decides the exit code', async () => {
    const [a, b] = [jwt({ jti: 'a', exp: inSeconds(3600) }), jwt({ jti: 'b', exp: inSeconds(3600) })]
    const bulk = await dir.run(['revoke', '-', '--json'], {
      stdin: `\uFEFF${a}\r\n\r\nBearer opaque\r\n`,
      env: {},
    })
    expect(bulk.code).toBe(2)
    expect(JSON.parse(bulk.stdout)).toMatchObject({ count: 1, expired: 0, invalid: 1, durable: true })
    expect(ndjson(bulk.stderr)[0]).toMatchObject({ line: 3, error: { code: 'ERR_NO_EXPIRY' } })

    const mixed = await dir.runProcess(['check', '-', '--json'], { stdin: `${b}\n\n${a}` })
    expect(mixed.code).toBe(1)
    expect(ndjson(mixed.stdout)).toMatchObject([
      { line: 1, status: 'active' },
      { line: 3, status: 'revoked', decidedBy: 'store' },
    ])

    writeFileSync(join(dir.path, 'tokens'), `${a}\n${'x'.repeat(20_000)}\n`)
    const bad = await dir.runProcess(['check', '@tokens'])
    expect(bad.code).toBe(2)
    expect(bad.stdout).toMatch(/^1\trevoked\tstore\n2\terror\tERR_INVALID_TOKEN: /)
    expect(await dir.run(['check', '-'], { stdin: `${b}\n` })).toMatchObject({
      code: 0,
      stdout: '1\tactive\tstore\n',
    })
    expect(await dir.run(['check', '@nowhere'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^ERR_FILE: .*nowhere: there is no such file or directory \(ENOENT\)/,
      ) as string,
    })
  })

  it('are not claims, which as an opaque token would be active', async () => {
    await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'])
    const ran = await dir.run(['check', '-'], { stdin: '{"jti":"a"}\n{opaque}\n' })
    expect(ran).toMatchObject({
      code: 2,
      stdout: '1\terror\tERR_BAD_LINE: these are claims as JSON, not a token\n2\tactive\tstore\n',
    })
  })

  it('that were revoked already are counted, and one alone is called so', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => jwt({ jti, exp: inSeconds(3600) }))
    expect((await dir.run(['revoke', a ?? ''])).stdout).toMatch(/^revoked jti=a /)
    const again = await dir.run(['revoke', a ?? ''])
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^already revoked jti=a until /) as string,
    })
    const many = await dir.run(['revoke', '-'], { stdin: `${a}\n${b}\n${c}\n${b}\n` })
    expect(many.stdout).toMatch(/^revoked 4 \(2 already revoked\), already expired 0, invalid 0 /)
    const json = await dir.run(['revoke', c ?? '', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'already', durable: true })
  })

  it('get a receipt of their own if there is only one', async () => {
    const ran = await dir.run(['revoke', '-', '--json'], {
      stdin: `${jwt({ jti: 'a', exp: inSeconds(3600) })}\n`,
    })
    expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'revoked', target: { id: 'a' } })
    const refused = await dir.run(['revoke', '-'], { stdin: 'opaque' })
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^ERR_NO_EXPIRY: .*--expires-in 8h/m) as string,
    })
    for (const command of ['revoke', 'check', 'unrevoke'])
      for (const stdin of ['', ' \n'])
        expect(await dir.run([command, '-'], { stdin })).toMatchObject({
          code: 2,
          stdout: '',
          stderr: expect.stringContaining('no token in the input') as string,
        })
  })

  it('may be opaque, with or without a scheme', async () => {
    await dir.run(['revoke', 'opaque-1', '--expires-in', '1h'])
    expect(await dir.run(['check', '-'], { stdin: 'Bearer opaque-1\nopaque-2\n' })).toMatchObject({
      code: 1,
      stdout: '1\trevoked\tstore\n2\tactive\tstore\n',
    })
    expect(await dir.run(['unrevoke', '-', '--json'], { stdin: 'opaque-1\nopaque-2\n' })).toMatchObject({
      code: 0,
      stdout: '{"unrevoked":1,"unchanged":1,"invalid":0,"redis":"off"}\n',
    })
  })
})

describe('list and stats', () => {
  it('show tokens and selectors, as a table or NDJSON, and never a raw token', async () => {
    await dir.run(['revoke', 'opaque-secret', '--expires-in', '1h', '--reason', 'line 1\nline 2 \u001b[2J'])
    await dir.run(['revoke', '--where', 'sub=alice', '--expires-in', '1h', '--actor', 'ops'])
    const text = await dir.run(['list'])
    expect(text).toMatchObject({ code: 0, stderr: '' })
    const [head, token = '', selector, end] = text.stdout.split('\n')
    expect(head).toMatch(/^target +issued before +not before +expires +revoked at +actor +reason$/)
    expect(token).toMatch(/^sha256=[0-9a-f]{64} .*line 1 line 2  \[2J$/)
    expect(selector).toMatch(/^where sub=alice +\d{4}-.* ops$/)
    expect(end).toBe('')
    expect(text.stdout).not.toContain('opaque-secret')
    expect(text.stdout).not.toContain('\u001b')

    const all = ndjson((await dir.run(['list', '--json'])).stdout)
    expect(all).toMatchObject([
      { target: { kind: 'hash' }, seq: 1 },
      { target: { kind: 'selector', where: { sub: 'alice' } }, actor: 'ops', seq: 2 },
    ])
    expect(ndjson((await dir.run(['list', '--json', '--kind', 'selector'])).stdout)).toHaveLength(1)
    expect(ndjson((await dir.run(['list', '--json', '--limit', '1'])).stdout)).toHaveLength(1)
    expect(HASH.test(token.split(' ', 1).join())).toBe(true)
  })

  it('count by kind', async () => {
    await dir.run(['revoke', '--jti', 'a', '--iss', 'i', '--expires-in', '1h'])
    await dir.run(['revoke', '--where', 'sub=a', '--where', 'client_id=w', '--expires-in', '1h'])
    const { code, stdout } = await dir.run(['stats', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      counts: { tokens: 1, selectors: { 'client_id+sub': 1 }, expired: 0 },
      store: { kind: 'sqlite', seq: 2, journalMode: 'wal', synchronous: 'full' },
    })
    expect((await dir.run(['stats'])).stdout).toMatch(
      /^live tokens +1\nlive selectors on client_id\+sub +1\n/,
    )
  })

  it('show no colours on a pipe', async () => {
    await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'])
    const ran = await dir.runProcess(['check', '--claims-json', '{"jti":"a"}'], {
      env: { TERM: 'xterm-256color' },
    })
    expect(ran.stdout).not.toContain('\u001b')
  })

  it('end quietly when the reader goes away', async () => {
    writeFileSync(
      join(dir.path, 'many.ndjson'),
      Array.from({ length: 5000 }, (_, i) => `{"jti":"${i}","expiresAt":${inSeconds(3600)}}\n`).join(''),
    )
    await dir.run(['import', 'many.ndjson'])
    const { execFileSync } = await import('node:child_process')
    const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
    const out = execFileSync('sh', ['-c', `"${process.execPath}" "${main}" list --json 2>&1 | head -n 1`], {
      cwd: dir.path,
      encoding: 'utf8',
    })
    expect(ndjson(out)).toMatchObject([{ seq: 1 }])
  })
})
