import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jwt, ndjson, NEW_STORE } from '../support/cli.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const old = jwt({ jti: 'a', iat: inSeconds(-60) })

describe('--everyone', () => {
  it('revokes the tokens of everybody, without a note on configuration, and takes that back', async () => {
    const revoked = await dir.run(['revoke', '--everyone', '--expires-in', '8h', '--actor', 'ops'])
    expect(revoked).toMatchObject({
      code: 0,
      stderr: NEW_STORE,
      stdout: expect.stringMatching(/^revoked everyone until .* \(durable, seq 1\)\n$/) as string,
    })
    const checked = await dir.run(['check', old])
    expect(checked).toMatchObject({ code: 1, stderr: '' })
    expect(checked.stdout).toContain('target   everyone\n')
    expect(await dir.run(['check', jwt({ jti: 'a', iat: inSeconds(60) })])).toMatchObject({ code: 0 })
    expect((await dir.run(['list'])).stdout).toContain('everyone')
    expect(ndjson((await dir.run(['list', '--json'])).stdout)).toMatchObject([
      { target: { kind: 'selector', where: {} } },
    ])
    expect((await dir.run(['stats'])).stdout).toContain('live selectors on (everyone)')
    expect((await dir.run(['unrevoke', old])).stderr).toContain("'everyone'; take that back with --everyone")
    expect(await dir.run(['unrevoke', '--everyone'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('unrevoked everyone') as string,
    })
    expect(await dir.run(['check', old])).toMatchObject({ code: 0, stderr: '' })
  })

  it('takes the options of a selector, and no other target', async () => {
    const before = ['--issued-before', String(inSeconds(-120)), '--expires-in', '8h']
    expect(await dir.run(['revoke', '--everyone', ...before])).toMatchObject({ code: 0 })
    expect(await dir.run(['check', old])).toMatchObject({ code: 0 })
    for (const more of [['--where', 'sub=a'], ['--jti', 'a'], ['token'], ['--iss', 'i']])
      expect((await dir.run(['revoke', '--everyone', ...more, '--expires-in', '8h'])).stderr).toContain(
        'ERR_USAGE',
      )
    expect(
      (await dir.run(['revoke', '--everyone', '--issued-before', 'ever', '--expires-in', '8h'])).stderr,
    ).toContain('needs a time')
  })

  it('is not what a line with an empty selector means, unless it has an issuedBefore', async () => {
    const expiresAt = inSeconds(3600)
    const lines = [
      { where: {}, expiresAt },
      { jti: 'b', expiresAt },
    ].map((line) => JSON.stringify(line))
    writeFileSync(join(dir.path, 'in.ndjson'), lines.join('\n'))
    const ran = await dir.run(['import', 'in.ndjson'])
    expect(ran.stderr).toContain('needs an issuedBefore')
    expect(ran.stdout).toContain('imported 1, already expired 0, invalid 1')
    expect(await dir.run(['check', old])).toMatchObject({ code: 0 })
  })
})

describe('--claims with @', () => {
  it('judges by the time of the login', async () => {
    await dir.run(['revoke', '--where', 'sub=u', '--expires-in', '8h'])
    const refreshed = jwt({ jti: 'a', sub: 'u', auth_time: inSeconds(-60), iat: inSeconds(60) })
    expect(await dir.run(['check', refreshed])).toMatchObject({ code: 0 })
    expect(await dir.run(['check', refreshed, '--claims', 'sub@auth_time'])).toMatchObject({ code: 1 })
  })
})
