import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inProcess } from './in-process.js'

const dir = inProcess()
const REVOKE = ['revoke', '--jti', 'a', '--expires-in', '1h']
/** Commands that read a store: none of them may make one, nor a namespace in it. */
const READING = [
  ['check', '--claims-json', '{"jti":"a"}'],
  ['unrevoke', '--jti', 'a'],
  ['list'],
  ['export'],
  ['stats'],
  ['watch', '--once'],
]

describe('a namespace that the store does not have', () => {
  it('is refused by every command that reads, with the names of those it has', async () => {
    for (const namespace of ['prod', 'staging']) await dir.run([...REVOKE, '--namespace', namespace])
    for (const command of READING)
      expect(await dir.run([...command, '--namespace', 'porduction']), command.join(' ')).toMatchObject({
        code: 2,
        stdout: '',
        stderr:
          "ERR_STORE_UNAVAILABLE: the store ./revocade.db has no namespace 'porduction'. " +
          "It has 'prod', 'staging': choose one with --namespace.\n",
      })
    // No command made it either.
    expect((await dir.run(['list'])).stderr).toContain(
      "has no namespace 'default'. It has 'prod', 'staging': choose",
    )
    expect(await dir.run([...REVOKE, '--namespace', 'third'])).toMatchObject({ code: 0 })
    expect((await dir.run(['list', '--namespace', 'third'])).stdout).toContain('jti=a')
  })

  it('is a failed check of doctor only if it was named', async () => {
    await dir.run([...REVOKE, '--namespace', 'prod'])
    const named = await dir.run(['doctor', '--namespace', 'porduction'])
    expect(named).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^fail +store .*no namespace 'porduction'/m) as string,
    })
    expect(await dir.run(['doctor'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok +store +seq 1,/m) as string,
    })
  })

  it('is named as one of many without all of the others', async () => {
    for (let i = 1; i <= 12; i++) await dir.run([...REVOKE, '--namespace', `n${i}`])
    expect((await dir.run(['list'])).stderr).toMatch(/It has 'n1', .*'n10' and 2 more: choose/)
  })
})

describe('a file that is not a store', () => {
  it.each([
    ['short', "import { app } from './app.mjs'\n"],
    ['long', '// a page of source text\n'.repeat(200)],
  ])('is left alone, and the error doubts the path before the file (%s)', async (_, text) => {
    writeFileSync(join(dir.path, 'app.mjs'), text)
    const ran = await dir.run(['list', '--store', 'app.mjs'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(
      /^ERR_STORE_CORRUPT: the file app\.mjs is not an SQLite database.*: check its path/,
    )
    expect(readFileSync(join(dir.path, 'app.mjs'), 'utf8')).toBe(text)
    expect((await dir.run([...REVOKE, '--store', 'app.mjs'])).stderr).toMatch(/^ERR_STORE_CORRUPT: the file /)
    expect(readdirSync(dir.path)).toEqual(['app.mjs'])
    expect((await dir.run(['doctor', '--store', 'app.mjs'])).stdout).toContain(
      'integrity: Check --store. If it is right, restore the file from a backup',
    )
  })

  it('is an empty one for a command that reads', async () => {
    writeFileSync(join(dir.path, 'empty.db'), '')
    expect(await dir.run(['list', '--store', 'empty.db'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('It is empty: check --store.') as string,
    })
    expect(readFileSync(join(dir.path, 'empty.db'))).toHaveLength(0)
  })
})

describe('a place where no file can be', () => {
  it.each(READING)('is a directory, says %s', async (...command) => {
    mkdirSync(join(dir.path, 'data'))
    const { stderr } = await dir.run([...command, '--store', 'data'])
    expect(stderr).toContain("the store data can't be opened: it is a directory; name a file in it")
  })

  it('is a device, beside which nothing is made', async () => {
    const { stderr } = await dir.run([...REVOKE, '--store', '/dev/null'])
    expect(stderr).toContain("/dev/null can't be opened: it is no regular file")
    expect(readdirSync('/dev').filter((name) => name.startsWith('null'))).toEqual(['null'])
  })

  it('is no name at all', async () => {
    expect((await dir.run(['list', '--store', ''])).stderr).toMatch(/'--store <path>' argument '' is invalid/)
    const migrated = await dir.run(['migrate', '--from', 'a.db', '--to', ''])
    expect(migrated.stderr).toBe('ERR_USAGE: --to is empty: name a store\n')
  })
})

describe('a directory that does not exist', () => {
  it('is named, with what to do', async () => {
    const ran = await dir.run([...REVOKE, '--store', 'data/revocade.db'])
    const data = join(dir.path, 'data')
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(`the directory ${data} does not exist or can't be read: create it`)
    expect(ran.stderr).not.toContain('-lock')
    mkdirSync(data)
    expect(await dir.run([...REVOKE, '--store', 'data/revocade.db'])).toMatchObject({ code: 0 })
  })

  it('is named when an export is written there', async () => {
    await dir.run(REVOKE)
    expect((await dir.run(['export', '--output', 'data/out.ndjson'])).stderr).toBe(
      "ERR_FILE: can't write data/out.ndjson: there is no such file or directory (ENOENT)\n",
    )
  })
})
