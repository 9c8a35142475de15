import { RedisServer } from '../harness/redis-server.js'
import type { Case, Context, Row } from '../harness/types.js'
import { attacked } from './adversary/attacked.js'
import { crafted } from './adversary/crafted.js'
import { flood } from './adversary/flood.js'
import { overflow } from './adversary/overflow.js'
import { replay } from './adversary/replay.js'

/** What somebody can do who chooses the tokens that are checked, or revoked. */
async function run(context: Context): Promise<Row[]> {
  const rows: Row[] = []
  await using server = await RedisServer.start()
  for (const redis of [undefined, server]) {
    await using on = await attacked(context, redis)
    rows.push(...(await replay(context, on)), ...(await flood(context, on)))
  }
  rows.push(...(await crafted(context)), ...(await overflow(context)))
  return rows
}

export const adversary: Case = {
  name: 'adversary',
  title: 'Tokens chosen to do harm: replayed, crafted, too many',
  run,
}
