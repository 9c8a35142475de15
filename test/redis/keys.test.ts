import { join } from 'node:path'
import { createRevocade } from 'revocade'
import { expect, it } from 'vitest'
import { fieldOf, fieldOfBytes } from '#dist/redis/prefix-cache/keys.js'
import { borrowRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'
import { inSeconds } from '../support/time.js'

const directory = temporaryDirectory()

it('fieldOf and fieldOfBytes give the same bytes for a digest', async () => {
  const digest = Int32Array.of(0x04030201, 0x08070605, -1, 0)
  const client = (await borrowRedis()).client()
  const key = `field:${Math.random()}`
  // A plain Uint8Array, which a store of another make may return.
  await client.callBuffer('HSET', key, fieldOfBytes(new Uint8Array(digest.buffer)), 'v')
  expect(await client.hkeysBuffer(key)).toEqual([Buffer.from([3, 4, 5, 6, 7, 8])])
  expect(await client.callBuffer('HMGET', key, fieldOf(digest))).toEqual([Buffer.from('v')])
  await client.del(key)
})

it('an engine finds in Redis what another engine has written', async () => {
  const { url } = await borrowRedis()
  const options = { store: join(directory, 'a.db'), redis: { url, timeoutMs: 10_000 } }
  await using writer = await createRevocade(options)
  const exp = inSeconds(600)
  const tokens = Array.from({ length: 5 }, (_, i) => ({ jti: `t${i}`, exp }))
  for (const token of tokens) await writer.revoke(token)
  // A new engine has the tokens in its prefilter, and an empty verdict cache.
  await using reader = await createRevocade(options)
  await expect.poll(() => reader.stats().redis?.complete).toBe(true)
  for (const token of tokens) await expect(reader.check(token)).resolves.toMatchObject({ status: 'revoked' })
  expect(reader.stats().redis).toMatchObject({ lookups: tokens.length, hits: tokens.length })
})
