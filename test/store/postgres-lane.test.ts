import { expect, it } from 'vitest'
import type { HandedInPool, PgClient } from '#dist/store/postgres/driver.js'
import { Lane } from '#dist/store/postgres/lane.js'

it('a connection that comes after the lane was closed is given back to the pool', async () => {
  const released: unknown[] = []
  let connected: (client: PgClient) => void = () => undefined
  const pool: HandedInPool = { connect: () => new Promise((resolve) => (connected = resolve)) }
  const lane = new Lane(pool)
  const late = lane.run({ text: 'SELECT 1', rowMode: 'array', types: { getTypeParser: () => String } }, 1)
  await expect(late).rejects.toThrow('no answer within 1 ms')
  await lane.close()
  const nothing = (): void => undefined
  connected({
    query: nothing,
    on: nothing,
    off: nothing,
    release: (how: unknown) => released.push(how),
  } as never)
  await expect.poll(() => released).toEqual([true])
})
