import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ndjson } from '../support/cli.js'
import { open } from '../support/engine.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const dir = inProcess()
const EXPIRED = inSeconds(-7200)

it('a command honours and shows a revocation as long as any service of the store does', async () => {
  const service = await open({ store: join(dir.path, 'revocade.db'), clockToleranceSeconds: 86_400 })
  const claims = { jti: 'a', exp: EXPIRED }
  expect(await service.revoke(claims)).toMatchObject({ outcome: 'revoked' })
  expect(await dir.run(['check', '--claims-json', JSON.stringify(claims)])).toMatchObject({ code: 1 })
  expect(ndjson((await dir.run(['list', '--json'])).stdout)).toHaveLength(1)
  const stats: unknown = JSON.parse((await dir.run(['stats', '--json'])).stdout)
  expect(stats).toMatchObject({
    counts: { tokens: 1, expired: 0 },
    store: { clockToleranceSeconds: 86_400 },
  })
  expect((await dir.run(['doctor'])).stdout).toMatch(/ok +clock tolerance +86,400 s/)
  const another = ['revoke', '--claims-json', JSON.stringify({ ...claims, jti: 'b' }), '--json']
  expect(JSON.parse((await dir.run(another)).stdout)).toMatchObject({ outcome: 'revoked' })
})

it('a command does not raise the tolerance of a store', async () => {
  const store = join(dir.path, 'revocade.db')
  await (await open({ store, clockToleranceSeconds: 5 })).close()
  await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h'])
  const stats: unknown = JSON.parse((await dir.run(['stats', '--json'])).stdout)
  expect(stats).toMatchObject({ store: { clockToleranceSeconds: 5 } })
})
