import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { revokeLines } from '#dist/server/revocations/bulk.js'
import { bulkLineSchema } from '#dist/server/revocations/schemas.js'
import { MemoryStore } from '#dist/testing/index.js'
import { open } from '../support/engine.js'

it('lines that can not be used do not keep others from their turn', async () => {
  const engine = await open({ store: new MemoryStore() })
  const fits = Object.assign(() => false, { errors: [] })
  const request = { compileValidationSchema: () => fits }
  let turns = 0
  const turned = (): void => {
    turns++
    turn = setImmediate(turned)
  }
  let turn = setImmediate(turned)
  const lines = Readable.from([Buffer.from('{}\n'.repeat(50_000))])
  const parts = { engine, schema: bulkLineSchema(['jti']), actor: 'alice', maxBytes: 1 << 20 }
  await expect(revokeLines(request as never, lines, parts)).rejects.toMatchObject({ statusCode: 400 })
  clearImmediate(turn)
  // They come as one chunk. A slice takes two milliseconds, and all of them some hundred.
  expect(turns).toBeGreaterThan(5)
})
