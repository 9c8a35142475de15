import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Running } from '../support/cli.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const COMMANDS = [
  'demo',
  'revoke',
  'check',
  'unrevoke',
  'list',
  'import',
  'export',
  'stats',
  'watch',
  'doctor',
]

describe('usage', () => {
  it('prints help on stdout with code 0; without a command on stderr with 2', async () => {
    const help = await dir.runProcess(['--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    for (const command of COMMANDS) expect(help.stdout).toContain(`\n  ${command} `)
    expect(help.stdout).toContain('Exit codes: 0 active or done, 1 revoked, 2 error or unknown.')
    const none = await dir.runProcess([])
    expect(none).toMatchObject({ code: 2, stdout: '' })
    expect(none.stderr).toContain('Usage: revocade')
    expect(await dir.run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    })
  })

  it.each([
    ['a mistyped command', ['chekc', 'x'], /^ERR_USAGE: .*Did you mean check\?/],
    ['a mistyped option', ['check', '--jsn', 'x'], /^ERR_USAGE: .*Did you mean --json\?/],
    ['a wrong choice', ['list', '--kind', 'all'], /^ERR_USAGE: .*token, selector/],
    ['too many arguments', ['check', 'a', 'b'], /^ERR_USAGE: /],
    ['help for no command', ['help', 'lst'], /^ERR_USAGE: unknown command 'lst'.*Did you mean list\?/],
    ['-h after no command', ['revok', '-h'], /^ERR_USAGE: unknown command 'revok'.*Did you mean revoke\?/],
    ['-h after no command of sessions', ['sessions', 'lst', '-h'], /^ERR_USAGE: .*'sessions lst'/],
    ['a semicolon between claims', ['check', 'x', '--claims', 'sid;sub'], /^ERR_USAGE: .*--claims.*commas/],
    ['a space between id claims', ['check', 'x', '--id-claims', 'uti jti'], /^ERR_USAGE: .*commas/],
    ['no target', ['revoke'], /^ERR_USAGE: name what to revoke/],
    ['nothing to take back', ['unrevoke'], /^ERR_USAGE: name what to unrevoke/],
    ['two targets', ['revoke', 'x', '--jti', 'y'], /^ERR_USAGE: give one of/],
    [
      'two expiries',
      ['revoke', 'x', '--expires-in', '1h', '--expires-at', '2099-01-01'],
      /^ERR_USAGE: give --expires-at or/,
    ],
    [
      'a local time',
      ['revoke', 'x', '--expires-at', '2099-01-01T00:00'],
      /^ERR_INVALID_TIME: --expires-at .*zone/,
    ],
    ['no duration', ['revoke', 'x', '--expires-in', 'soon'], /^ERR_USAGE: --expires-in/],
    ['a malformed selector', ['revoke', '--where', 'alice'], /^ERR_USAGE: .*claim=value/],
    ['a cutoff without selector', ['revoke', 'x', '--issued-before', '2026-01-01'], /^ERR_USAGE: .*--where/],
    [
      'an unset secret variable',
      ['revoke', 'x', '--expires-in', '1h', '--secret-env', 'NOPE'],
      /^ERR_USAGE: .*NOPE is not set/,
    ],
    ['claims as a token', ['check', '{"jti":"a"}'], /^ERR_USAGE: these are claims.*--claims-json/],
    ['claims that are no JSON', ['revoke', '--claims-json', '{'], /^ERR_USAGE: --claims-json/],
  ])('refuses %s with exit code 2, and no store is made', async (_, args, message) => {
    const ran = await dir.run(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(message)
    expect(ran.stderr).not.toMatch(/\n {4}at /)
    expect(readdirSync(dir.path)).toEqual([])
  })

  it('answers errors as one JSON document on stderr with --json', async () => {
    const ran = await dir.runProcess(['chekc', '--json'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(JSON.parse(ran.stderr)).toEqual({
      error: { code: 'ERR_USAGE', message: expect.stringContaining('check') as string },
    })
  })

  it('shows a stack with --verbose only', async () => {
    expect((await dir.run(['check', 'x'])).stderr).not.toContain('    at ')
    expect((await dir.run(['check', 'x', '--verbose'])).stderr).toContain('    at ')
  })

  it('exits with 2 when Node.js ends because nothing can settle the command', async () => {
    await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'])
    const waitForEver = `import timers from 'node:timers/promises'
      import { syncBuiltinESMExports } from 'node:module'
      timers.setTimeout = () => new Promise(() => undefined)
      syncBuiltinESMExports()`
    const running = new Running(['watch', '--json'], {
      cwd: dir.path,
      nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(waitForEver)}`],
    })
    running.end()
    expect(await running.ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('ERR_INTERNAL: the command ended before it was done\n') as string,
    })
  })

  it('never repeats a token that was typed in the wrong place', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJhIn0.c2VjcmV0'
    const ran = await dir.run([token])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('<token>')
    expect(ran.stderr).not.toContain('c2VjcmV0')
  })

  it.each(['check', 'unrevoke', 'list', 'export', 'stats', 'watch', 'doctor'])(
    '%s says that there is no store, and makes none',
    async (command) => {
      const args = ['check', 'unrevoke'].includes(command) ? [command, 'x'] : [command]
      const ran = await dir.run([...args, '--store', 'missing.db'])
      expect(ran.code).toBe(2)
      expect(ran.stdout + ran.stderr).toMatch(/there is (no store|none) at missing\.db/)
      expect(existsSync(join(dir.path, 'missing.db'))).toBe(false)
      expect(readdirSync(dir.path)).toEqual([])
    },
  )

  it('takes the store from REVOCADE_STORE and a secret from REVOCADE_SECRET', async () => {
    const env = { REVOCADE_STORE: 'other.db', REVOCADE_SECRET: 'a secret of sixteen bytes or more' }
    expect(await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'], { env })).toMatchObject({ code: 0 })
    expect(existsSync(join(dir.path, 'other.db'))).toBe(true)
    expect(await dir.run(['check', '--claims-json', '{"jti":"a"}'], { env })).toMatchObject({ code: 1 })
    const without = await dir.run(['check', '--claims-json', '{"jti":"a"}', '--store', 'other.db'])
    expect(without).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ERR_STORE_MISMATCH') as string,
    })
  })
})
