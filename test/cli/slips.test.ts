import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { jwt, ndjson, NEW_STORE } from '../support/cli.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const REVOKE = ['revoke', '--jti', 'a', '--iss', 'i', '--expires-in', '1h']
const INVALID_2 = 'imported 0, already expired 0, invalid 2\n'
const refused = (target: object): string => JSON.stringify({ ...target, expiresAt: '2099-01-01' })
const containing = (text: string): string => expect.stringContaining(text) as string

describe('a store or namespace that a command makes', () => {
  it('is told of, once, also in JSON', async () => {
    expect(await dir.run(REVOKE)).toMatchObject({ code: 0, stderr: NEW_STORE })
    expect(await dir.run(REVOKE)).toMatchObject({ code: 0, stderr: '' })
    const other = ['--store', 'revocad.db', '--json']
    const made = await dir.run([...REVOKE, ...other])
    expect(ndjson(made.stderr)).toMatchObject([
      { note: containing('there was no store at revocad.db: it was made') },
    ])
    expect((await dir.run([...REVOKE, ...other])).stderr).toBe('')
    const namespace = await dir.run([...REVOKE, '--namespace', 'porduction'])
    expect(namespace).toMatchObject({
      code: 0,
      stderr: containing("the store ./revocade.db had no namespace 'porduction': it was made"),
    })
    const line = '{"jti":"b","expiresAt":"2099-01-01"}'
    const imported = await dir.run(['import', '--namespace', 'third'], { stdin: line })
    expect(imported).toMatchObject({ code: 0, stderr: containing("no namespace 'third': it was made") })
  })

  it.each([
    ['an opaque token without an expiry', ['revoke', 'abc'], 'ERR_NO_EXPIRY: the token has no'],
    ['such a token on stdin', ['revoke', '-'], 'ERR_NO_EXPIRY: the token has no'],
    ['a broken token', ['revoke', `${jwt({ jti: 'a' })}.x`, '--expires-in', '1h'], 'ERR_INVALID_TOKEN'],
    ['an id without an expiry', ['revoke', '--jti', 'a'], 'give --expires-at TIME or --expires-in 8h'],
    ['one of an issuer', ['revoke', '--jti', 'a', '--iss', 'i'], 'ERR_NO_EXPIRY'],
    ['a selector without an expiry', ['revoke', '--where', 'role=a'], 'ERR_NO_EXPIRY'],
    ['a long reason', [...REVOKE, '--reason', 'x'.repeat(1025)], '--reason must be'],
  ])('is not made by bad input: %s', async (_, args, problem) => {
    const ran = await dir.run(args, { stdin: 'abc\n' })
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: containing(problem) })
    expect(readdirSync(dir.path)).toEqual([])
  })

  it.each([
    ['no line', '', 'imported 0, already expired 0, invalid 0\n', ''],
    ['lines that are no entries', '{"jti":"a"}\n{oops\n', INVALID_2, 'line 1: ERR_NO_EXPIRY'],
    [
      'lines that an engine refuses',
      `${refused({ sha256: 'x' })}\n${refused({ token: `${jwt({ jti: 'a' })}.x` })}`,
      INVALID_2,
      'line 2',
    ],
    ['a bad line and --strict', '{oops', '', 'Of the lines before it, 0 are imported'],
  ])('is not made by an import of %s', async (what, stdin, stdout, problem) => {
    const strict = what.endsWith('--strict') ? ['--strict'] : []
    const ran = await dir.run(['import', ...strict], { stdin })
    expect(ran).toMatchObject({ code: what === 'no line' ? 0 : 2, stdout, stderr: containing(problem) })
    expect(readdirSync(dir.path)).toEqual([])
  })

  it('is not told of where nothing was made', async () => {
    const ran = await dir.run([...REVOKE, '--store', 'missing/revocade.db'])
    expect(ran).toMatchObject({ code: 2, stderr: containing('ERR_STORE_UNAVAILABLE') })
    expect(ran.stderr).not.toContain('note')
  })
})

describe('a mistyped environment variable', () => {
  it('is told of once by any command, and stdout stays as it is', async () => {
    await dir.run(REVOKE)
    const env = { REVOCADE_STOER: 'other.db', REVOCADE_OLD_KEY: 'k'.repeat(16), REVOCADE_CLAIMS: 'sub' }
    const names = "REVOCADE_STOER (did you mean 'REVOCADE_STORE'?)"
    const note = `unknown environment variables are ignored: ${names}`
    expect(await dir.run(['check', '--jti', 'a', '--iss', 'i'], { env })).toMatchObject({
      code: 1,
      stdout: (await dir.run(['check', '--jti', 'a', '--iss', 'i'])).stdout,
      stderr: `note: ${note}, REVOCADE_OLD_KEY\n`,
    })
    const listed = await dir.run(['sessions', 'list', '--sub', 's', '--json'], { env })
    expect(listed.stderr).toBe(`${JSON.stringify({ note: `${note}, REVOCADE_OLD_KEY` })}\n`)
    const args = ['migrate', '--from', 'revocade.db', '--to', 'to.db', '--to-secret-env', 'REVOCADE_OLD_KEY']
    expect((await dir.run(args, { env })).stderr).toBe(`note: ${note}\n`)
  })
})

describe('an id without its issuer', () => {
  const hint = containing('an id that was revoked together with its issuer is another target')

  it('finds nothing that was revoked with it, and unrevoke and check say so', async () => {
    await dir.run(REVOKE)
    expect(await dir.run(['unrevoke', '--jti', 'a'])).toMatchObject({
      code: 0,
      stdout: 'unchanged jti=a was not revoked\n',
      stderr: hint,
    })
    expect(await dir.run(['check', '--jti', 'a'])).toMatchObject({ code: 0, stderr: hint })
    expect(await dir.run(['check', '--id', 'uti=a'])).toMatchObject({ code: 0, stderr: hint })
    expect(await dir.run(['check', '--jti', 'a', '--iss', 'i'])).toMatchObject({ code: 1, stderr: '' })
    expect(await dir.run(['unrevoke', '--jti', 'a', '--iss', 'i'])).toMatchObject({ code: 0, stderr: '' })
    expect(await dir.run(['unrevoke', '--jti', 'a', '--iss', 'i'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('is found where it was revoked without one', async () => {
    await dir.run(['revoke', '--id', 'uti=u', '--expires-in', '1h'])
    expect(await dir.run(['check', '--id', 'uti=u'])).toMatchObject({ code: 1, stderr: '' })
  })

  it('is one way to name a token of check, which takes one', async () => {
    await dir.run(REVOKE)
    for (const args of [[], ['--jti', 'a', '--claims-json', '{}'], ['token', '--iss', 'i']])
      expect(await dir.run(['check', ...args])).toMatchObject({ code: 2, stderr: containing('ERR_USAGE') })
  })
})

describe('the note of check on other selectors', () => {
  it('is for tokens that have claims', async () => {
    await dir.run(['revoke', '--where', 'client_id=web', '--expires-in', '1h'])
    const note = containing('also revokes by client_id')
    const [opaque, token] = ['opaque', jwt({ jti: 'a', client_id: 'web' })]
    expect(await dir.run(['check', opaque])).toMatchObject({ code: 0, stderr: '' })
    expect(await dir.run(['check', '-'], { stdin: `${opaque}\n` })).toMatchObject({ code: 0, stderr: '' })
    expect(await dir.run(['check', token])).toMatchObject({ code: 0, stderr: note })
    expect(await dir.run(['check', '-'], { stdin: `${opaque}\n${token}\n` })).toMatchObject({ stderr: note })
    expect(await dir.run(['check', '--jti', 'a', '--iss', 'i'])).toMatchObject({ code: 0, stderr: note })
  })
})

describe('an end in the past', () => {
  it('is an error if --expires-at gave it, and none if the token has expired', async () => {
    await dir.run(REVOKE)
    const past = ['--expires-at', String(inSeconds(-3600))]
    const expired = containing('--expires-at is in the past')
    for (const target of [['--jti', 'b', '--iss', 'i'], ['--where', 'sub=a'], ['opaque']])
      expect(await dir.run(['revoke', ...target, ...past])).toMatchObject({ code: 2, stderr: expired })
    const stdin = 'opaque-1\nopaque-2\n'
    expect(await dir.run(['revoke', '-', ...past], { stdin })).toMatchObject({ code: 2, stderr: expired })
    expect(ndjson((await dir.run(['list', '--json'])).stdout)).toHaveLength(1)
    const token = jwt({ jti: 'c', exp: inSeconds(-3600) })
    expect(await dir.run(['revoke', token])).toMatchObject({
      code: 0,
      stdout: containing('there is nothing to revoke'),
      stderr: '',
    })
  })
})

describe('errors of revoke', () => {
  it.each([
    [['--where', 'sub=a'], "a selector has no 'exp' of its own: give --expires-at TIME or --expires-in 8h"],
    [['opaque'], "the token has no 'exp': give --expires-at TIME or --expires-in 8h"],
    [
      ['opaque', '--expires-in', '1h', '--not-before', '2099-01-01'],
      'give a later --expires-at or an earlier --not-before',
    ],
    [['opaque', '--expires-in', '1h', '--reason', 'x'.repeat(2000)], '--reason must be a well-formed string'],
    [
      ['--everyone', '--expires-in', '1h', '--issued-before', 'ever'],
      'it needs a time, not --issued-before ever',
    ],
  ])('name options as the command line does (%j)', async (args, message) => {
    const { code, stderr } = await dir.run(['revoke', ...args])
    expect([code, stderr]).toEqual([2, containing(message)])
    expect(stderr).not.toMatch(/expiresAt|notBefore|issuedBefore|maxTokenLifetimeSeconds/)
  })

  it('name them so for each of many lines', async () => {
    const { stderr } = await dir.run(['revoke', '-'], { stdin: 'opaque-1\nopaque-2\n' })
    expect(stderr).toContain("line 2: ERR_NO_EXPIRY: the token has no 'exp': give --expires-at TIME or")
  })
})
