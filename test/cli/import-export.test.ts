import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jwt, ndjson } from '../support/cli.js'
import { inSeconds } from '../support/time.js'
import { everyKind } from './every-kind.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(dir.path, name), content)
const get = (name: string): string => readFileSync(join(dir.path, name), 'utf8')
const summaryOf = (stdout: string): unknown => JSON.parse(stdout)

describe.each(['ndjson', 'csv'])('import and export as %s', (format) => {
  it('round-trips every kind of target', async () => {
    const lines = everyKind()
    put('in.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'))
    const first = await dir.run(['import', 'in.ndjson', '--json'])
    expect(first.code).toBe(0)
    expect(summaryOf(first.stdout)).toEqual({
      lines: 12,
      imported: 12,
      already: 0,
      expired: 0,
      invalid: 0,
      redis: 'off',
      addedClaims: [['client_id', 'sub'], ['tenant']],
      addedIdClaims: ['uti'],
      withoutIssuer: 3,
      asBoth: 0,
    })
    expect(first.stderr).toContain("in their option 'claims'")
    expect(first.stderr).toContain('3 lines name an id and no issuer')

    const out = `out.${format}`
    const written = await dir.run(['export', '--format', format, '--output', out, '--json'])
    expect(written).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `{"count":12,"output":"${out}","format":"${format}"}\n`,
    })
    expect(statSync(join(dir.path, out)).mode & 0o777).toBe(0o600)
    expect(await dir.run(['import', out, '--store', 'copy.db'])).toMatchObject({
      code: 0,
      stdout: 'imported 12, already expired 0, invalid 0\n',
    })

    const copy = await dir.run(['export', '--store', 'copy.db'])
    expect(copy).toMatchObject({ code: 0, stderr: '' })
    expect(ndjson(copy.stdout)).toEqual(lines)
    expect(ndjson((await dir.run(['export'])).stdout)).toEqual(lines)
    expect(readdirSync(dir.path).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('import', () => {
  it('identifies raw tokens as checks do, whatever the lines before', async () => {
    const token = jwt({ uti: 'u', exp: inSeconds(3600) })
    put(
      'f',
      [
        { idClaim: 'uti', id: 'x', expiresAt: inSeconds(3600) },
        { token },
        { idClaim: 'uti', id: 'y', expiresAt: inSeconds(3600) },
      ]
        .map((line) => JSON.stringify(line))
        .join('\n'),
    )
    expect(await dir.run(['import', 'f'])).toMatchObject({
      code: 0,
      stdout: 'imported 3, already expired 0, invalid 0\n',
    })
    // By its hash: `uti` is no configured id claim, and did not become one on the way.
    expect(await dir.run(['check', '-'], { stdin: token })).toMatchObject({ code: 1 })
    expect(ndjson((await dir.run(['list', '--json'])).stdout)).toMatchObject([
      { target: { claim: 'uti', id: 'x' } },
      { target: { kind: 'hash' } },
      { target: { claim: 'uti', id: 'y' } },
    ])
  })

  it('reports bad lines with number and code, and imports the rest', async () => {
    const expiresAt = inSeconds(3600)
    const lines = [
      { jti: 'good-1', expiresAt },
      '{"jti":"secret-value"',
      '[1]',
      '',
      { jti: 'x', exp: 1 },
      { jti: 'x' },
      { jti: 'x', expiresAt: 1e15 },
      { jti: 'x', expiresAt: '2026-02-30' },
      { jti: 'x', sha256: 'y', expiresAt },
      { sha256: 'y', expiresAt },
      { where: {}, expiresAt },
      { where: { sub: 'a' } },
      { jti: 'x', expiresAt, reason: 5 },
      { jti: 'x', expiresAt, reason: 'r'.repeat(2000) },
      { jti: 'old', expiresAt: 1 },
      { token: 'x'.repeat(70_000) },
      { jti: 'good-2', expiresAt },
    ].map((line) => Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)))
    const invalidUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe])
    put('f.ndjson', Buffer.concat([...lines, invalidUtf8].flatMap((line) => [line, Buffer.from('\r\n')])))
    const ran = await dir.run(['import', 'f.ndjson', '--json'])
    expect(ran.code).toBe(0)
    expect(summaryOf(ran.stdout)).toMatchObject({ lines: 17, imported: 2, expired: 1, invalid: 14 })
    const bad = ndjson(ran.stderr).slice(0, -2) as { line: number; error: { code: string } }[]
    expect(bad.map(({ line, error }) => `${line} ${error.code}`)).toEqual([
      '2 ERR_BAD_LINE',
      '3 ERR_BAD_LINE',
      '5 ERR_BAD_LINE',
      '6 ERR_NO_EXPIRY',
      '7 ERR_INVALID_TIME',
      '8 ERR_INVALID_TIME',
      '9 ERR_BAD_LINE',
      expect.stringMatching(/^10 ERR_/),
      expect.stringMatching(/^11 ERR_/),
      '12 ERR_NO_EXPIRY',
      '13 ERR_BAD_LINE',
      '14 ERR_CONFIG',
      '16 ERR_BAD_LINE',
      '18 ERR_BAD_LINE',
    ])
    expect(ran.stderr).not.toContain('secret-value')
    expect(await dir.run(['check', '--claims-json', '{"jti":"good-2"}'])).toMatchObject({ code: 1 })
  })

  it('notes ids without issuer, and takes them for those of any issuer with --any-issuer', async () => {
    const expiresAt = inSeconds(3600)
    const lines = [
      { jti: 'a', expiresAt },
      { idClaim: 'uti', id: 'b', expiresAt },
    ]
    put('f.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'))
    const tokens = [jwt({ jti: 'a', iss: 'i' }), jwt({ uti: 'b', iss: 'i' })]
    const check = ['check', '-', '--id-claims', 'jti,uti']
    const ran = await dir.run(['import', 'f.ndjson'])
    expect(ran.stderr).toContain('2 lines name an id and no issuer')
    expect(await dir.run(check, { stdin: tokens.join('\n') })).toMatchObject({ code: 0 })
    const again = await dir.run(['import', 'f.ndjson', '--any-issuer'])
    expect(again).toMatchObject({ code: 0, stderr: expect.not.stringContaining('no issuer') as string })
    expect((await dir.run([...check, '--json'], { stdin: tokens.join('\n') })).stdout).toMatch(
      /"revoked".*\n.*"revoked"/,
    )
    await dir.run(['export', '--output', 'out.ndjson'])
    const copied = await dir.run(['import', 'out.ndjson', '--store', 'copy.db', '--id-claims', 'jti,uti'])
    expect(copied).toMatchObject({ code: 0, stderr: expect.not.stringContaining('claims') as string })
    expect((await dir.run([...check, '--store', 'copy.db'], { stdin: tokens.join('\n') })).code).toBe(1)
  })

  it('takes an id in CSV for a text and for a number, unless a column tells its type', async () => {
    const end = '2099-01-01'
    put('untyped.csv', `jti,iss,expires_at\n42,i,${end}\n43,,${end}\na,i,${end}\n44,i,\n`)
    put('typed.csv', `jti,iss,id_type,expires_at\n42,i,,${end}\n43,i,number,${end}\n`)
    const tokens = [42, '42', 43, '43'].map((jti, i) => jwt({ jti, ...(i < 2 ? { iss: 'i' } : {}) }))
    const statuses = async (store: string, given: readonly string[]) =>
      ndjson(
        (await dir.run(['check', '-', '--json', '--store', store], { stdin: given.join('\n') })).stdout,
      ).map((verdict) => (verdict as { status: string }).status === 'revoked')
    const ran = await dir.run(['import', 'untyped.csv', '--json', '--store', 'a.db'])
    expect(JSON.parse(ran.stdout)).toMatchObject({ lines: 4, imported: 5, asBoth: 2, invalid: 1 })
    expect(ran.stderr).toContain('2 ids are whole numbers')
    expect(await statuses('a.db', tokens)).toEqual([true, true, true, true])
    const any = await dir.run(['import', 'untyped.csv', '--any-issuer', '--json', '--store', 'b.db'])
    expect(JSON.parse(any.stdout)).toMatchObject({ imported: 4, asBoth: 1 })
    expect(await statuses('b.db', tokens)).toEqual([true, true, true, true])
    await dir.run(['import', 'typed.csv', '--store', 'c.db'])
    const typed = [42, '42', 43, '43'].map((jti) => jwt({ jti, iss: 'i' }))
    expect(await statuses('c.db', typed)).toEqual([false, true, true, false])
  })

  it('shows the first twenty bad lines and counts the rest', async () => {
    const ran = await dir.runProcess(['import'], { stdin: '{\n'.repeat(50) })
    // Not one line could be used: perhaps the file is of another kind.
    expect(ran).toMatchObject({ code: 2, stdout: 'imported 0, already expired 0, invalid 50\n' })
    expect(ran.stderr.match(/^line \d+: ERR_BAD_LINE/gm)).toHaveLength(20)
    expect(ran.stderr).toContain('30 more bad lines')
  })

  it.each([
    ['a line that is no entry', '{"jti":"x"}'],
    ['an entry that the engine refuses', '{"sha256":"x","expiresAt":"2099-01-01"}'],
  ])('--strict stops at %s; the lines before it are durable', async (_, badLine) => {
    const line = (jti: string): string => `{"jti":"${jti}","expiresAt":"2099-01-01"}`
    const ran = await dir.runProcess(['import', '-', '--strict'], {
      stdin: [line('a'), line('b'), badLine, line('c'), line('d')].join('\n'),
    })
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(
      /^ERR_BAD_LINE: line 3: .* 2 are imported and durable; nothing after it is\.\n$/m,
    )
    expect(ndjson((await dir.run(['list', '--json'])).stdout)).toMatchObject([
      { target: { id: 'a' } },
      { target: { id: 'b' } },
    ])
  })

  it('accepts at most 64 kinds of selectors that no option names', async () => {
    const line = (n: number): string => `{"where":{"claim-${n}":"x"},"expiresAt":"2099-01-01"}\n`
    const stdin = Array.from({ length: 66 }, (_, i) => line(i)).join('') + line(0)
    const ran = await dir.runProcess(['import', '--json'], { stdin })
    expect(ran.code).toBe(0)
    expect(summaryOf(ran.stdout)).toMatchObject({ imported: 65, invalid: 2 })
    expect(ndjson(ran.stderr)).toMatchObject([
      { line: 65 },
      { line: 66 },
      { note: expect.stringContaining('there was no store') as string },
      { note: expect.stringContaining('"claim-63"') as string },
    ])
  })

  it('guesses the format by name or first byte, unless --format names it', async () => {
    const csv = 'jti,expires_at\na,2099-01-01\n'
    const json = '{"jti":"b","expiresAt":4070908800}\n'
    put('x.csv', csv)
    put('x.jsonl', json)
    put('named.csv', json)
    for (const args of [['x.csv'], ['x.jsonl'], ['named.csv', '--format', 'ndjson']]) {
      expect(await dir.run(['import', ...args])).toMatchObject({
        code: 0,
        stdout: 'imported 1, already expired 0, invalid 0\n',
      })
    }
    for (const stdin of [csv, `\uFEFF${json}`, `\uFEFF${csv}`]) {
      expect(await dir.run(['import'], { stdin })).toMatchObject({
        code: 0,
        stdout: 'imported 1, already expired 0, invalid 0\n',
      })
    }
    expect(await dir.run(['import', 'nowhere.csv'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^ERR_FILE: /) as string,
    })
    expect(await dir.run(['import'], { stdin: '' })).toMatchObject({
      code: 0,
      stdout: 'imported 0, already expired 0, invalid 0\n',
    })
  })

  it('refuses a JSON array, of which it would take some lines only', async () => {
    const entries = ['a', 'b'].map((jti) => ({ jti, iss: 'i', expiresAt: '2099-01-01' }))
    put('f.json', `\uFEFF\n${JSON.stringify(entries).replaceAll('},', '},\n')}`)
    const message =
      "the input is a JSON array: write one object a line, such as with jq -c '.[]'. Nothing was imported"
    const refused = { code: 2, stdout: '', stderr: `ERR_BAD_LINE: ${message}\n` }
    const pretty = JSON.stringify(entries, undefined, 2)
    const runs = [['f.json'], ['f.json', '--format', 'csv'], ['-'], ['-', '--format', 'ndjson']]
    for (const args of runs)
      expect(await dir.run(['import', ...args], { stdin: pretty })).toMatchObject(refused)
    const lines = `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`
    expect(await dir.run(['import', '--format', 'ndjson'], { stdin: lines })).toMatchObject(refused)
    expect(readdirSync(dir.path)).toEqual(['f.json'])
  })

  it('goes on with the next line of CSV after an unclosed quote', async () => {
    const rows = [
      'jti,expires_at,reason',
      'a,2099-01-01,"one',
      'two"',
      'b,2099-01-01,"open',
      'c,2099-01-01,',
      'd,2099-01-01',
      'e"x"y,2099-01-01,',
      'f,2099-01-01,end',
    ]
    const ran = await dir.run(['import', '--format', 'csv'], { stdin: `${rows.join('\r\n')}\r\n` })
    expect(ran).toMatchObject({ code: 0, stdout: 'imported 3, already expired 0, invalid 3\n' })
    expect(ran.stderr.match(/^line \d+/gm)).toEqual(['line 4', 'line 6', 'line 7'])
    expect(ndjson((await dir.run(['list', '--json'])).stdout)).toMatchObject([
      { target: { id: 'a' }, reason: 'one\r\ntwo' },
      { target: { id: 'c' } },
      { target: { id: 'f' }, reason: 'end' },
    ])
  })

  it('names columns of CSV in its errors, also in those of the engine', async () => {
    const lines = [
      'jti,where,issued_before,not_before,expires_at,id_claim',
      'a,,,,,',
      'a,,,2099-13-01,2099-01-01,',
      'a,,,2099-01-02,2099-01-01,',
      ',{},,,2099-01-01,',
      ',"{""sub"":""a""}",,,,',
      'a,,,,2099-01-01,uti',
    ]
    put('f.csv', lines.join('\n'))
    const { stderr } = await dir.run(['import', 'f.csv'])
    const of = (line: string): string[] =>
      line.match(/\b(?:[a-z]+_[a-z]+|[a-z]+(?:At|Before|Claim))\b/g) ?? []
    expect(stderr.trim().split('\n').map(of)).toEqual([
      ['expires_at'],
      ['not_before'],
      ['expires_at', 'not_before'],
      ['issued_before'],
      ['expires_at'],
      ['id_claim'],
    ])
    expect((await dir.run(['import', 'f.csv', '--strict'])).stderr).toContain(
      "line 2: ERR_NO_EXPIRY: the line has no 'expires_at'",
    )
  })

  it('refuses a CSV file with unknown columns', async () => {
    const ran = await dir.run(['import', '--format', 'csv'], { stdin: 'jti,expires\na,2099-01-01\n' })
    expect(ran).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^(note: .*\n)?ERR_BAD_LINE: line 1: unknown column 'expires'/) as string,
    })
  })

  it('imports many lines over many chunks', async () => {
    const count = 30_000
    put(
      'many.ndjson',
      Array.from({ length: count }, (_, i) => `{"jti":"token-${i}","expiresAt":${inSeconds(3600)}}\n`).join(
        '',
      ),
    )
    expect(summaryOf((await dir.run(['import', 'many.ndjson', '--json'])).stdout)).toMatchObject({
      lines: count,
      imported: count,
      invalid: 0,
    })
    expect(summaryOf((await dir.run(['stats', '--json'])).stdout)).toMatchObject({
      counts: { tokens: count },
      store: { seq: count },
    })
  })
})

describe('export', () => {
  it('writes only data to stdout, and leaves no half file behind', async () => {
    await dir.run(['revoke', '--jti', 'a', '--iss', 'i', '--expires-in', '1h'])
    const ran = await dir.runProcess(['export', '--format', 'csv'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout.split('\n')[0]).toBe(
      'jti,iss,id_claim,id,id_type,sha256,token,where,' +
        'issued_before,same_second,not_before,expires_at,reason,actor,revoked_at',
    )
    const failed = await dir.run(['export', '--output', 'no/such/directory'])
    expect(failed).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^ERR_FILE: .*ENOENT/) as string,
    })
    put('kept', 'before')
    await dir.run(['export', '--output', 'kept'])
    expect(get('kept')).toMatch(/^\{"jti":"a",/)
  })
})
