import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { internalsOf } from '#dist/engine/internals.js'
import { newestRows } from '#dist/engine/newest-rows.js'
import { takenBackBy } from '#dist/engine/undo.js'
import { jwt } from '../support/cli.js'
import { open } from '../support/engine.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const user = userInfo().username

/** Who revoked, and who took it back: of each target, the newest change first. */
async function namesIn(store: string): Promise<unknown[]> {
  const engine = await open({ store: join(dir.path, store) })
  const names: unknown[] = []
  for await (const row of newestRows(internalsOf(engine, 'test').store))
    names.push([row.actor, await takenBackBy(engine, row)])
  await engine.close()
  return names
}

describe('--actor', () => {
  it('is kept with what revoke revokes, in every way; without it, the user of the system', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => jwt({ jti, exp: inSeconds(3600) }))
    const hour = ['--expires-in', '1h'] as const
    for (const args of [
      [a ?? ''],
      ['--jti', 'd', ...hour],
      ['--jti', '42', '--iss', 'i', ...hour],
      ['--where', 'sub=alice', ...hour],
      ['-'],
    ])
      expect(
        await dir.run(['revoke', ...args, '--store', 'kept.db', '--actor', 'ops'], { stdin: `${b}\n${c}\n` }),
      ).toMatchObject({ code: 0 })
    expect(await namesIn('kept.db')).toEqual(Array.from({ length: 7 }, () => ['ops', undefined]))
    await dir.run(['revoke', a ?? '', '--store', 'own.db'])
    expect(await namesIn('own.db')).toEqual([[user, undefined]])
  })

  it('is kept beside what unrevoke takes back; without it, the user of the system', async () => {
    const [a, b] = ['a', 'b'].map((jti) => jwt({ jti, exp: inSeconds(3600) }))
    const store = ['--store', 'back.db'] as const
    for (const token of [a, b]) await dir.run(['revoke', token ?? '', ...store, '--actor', 'ops'])
    expect(await dir.run(['unrevoke', a ?? '', ...store, '--actor', 'carol'])).toMatchObject({ code: 0 })
    expect(await dir.run(['unrevoke', b ?? '', ...store])).toMatchObject({ code: 0 })
    expect(await namesIn('back.db')).toEqual([
      ['ops', user],
      ['ops', 'carol'],
    ])
  })
})
