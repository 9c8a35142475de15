import type { RedisServer } from './server.js'

/**
 * Counts what the server executes from now on, from all clients and from within scripts, by command. Connecting counts too (ioredis sends HELLO,
 * INFO and CLIENT SETINFO, here `client|setinfo`), and so do {@link RedisServer.command} and the test's own clients.
 * @returns A function that resolves with the counts since the last time it was asked, without those of the counting itself.
 * @example
 * const sent = await countCommands(redis)
 * await engine.check(token)
 * expect(await sent()).toEqual({ hmget: 1 })
 */
export async function countCommands(redis: RedisServer): Promise<() => Promise<Record<string, number>>> {
  let last = await commandStats(redis)
  return async () => {
    const stats = await commandStats(redis)
    const counts: Record<string, number> = {}
    for (const [name, calls] of stats) {
      // A command is counted once it is done: the INFO that has just answered is not in its own answer, the one before it is.
      const count = calls - (last.get(name) ?? 0) - (name === 'info' ? 1 : 0)
      if (count < 0) throw new Error(`${name} was counted backwards: was the server restarted?`)
      if (count > 0) counts[name] = count
    }
    last = stats
    return counts
  }
}

async function commandStats(redis: RedisServer): Promise<Map<string, number>> {
  const info = String(await redis.command('INFO', 'commandstats'))
  return new Map(
    Array.from(info.matchAll(/^cmdstat_(.+?):calls=(\d+)/gm), ([, name = '', calls]) => [
      name,
      Number(calls),
    ]),
  )
}
