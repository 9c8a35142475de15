import type { RedisServer } from './server.js'

/**
 * Counts, by command, what the server executes from now on, for all clients and within scripts.
 * Connecting counts too: ioredis sends HELLO, INFO and CLIENT SETINFO, here `client|setinfo`.
 * So do {@link RedisServer.command} and the test's own clients.
 * @returns A function that resolves with the counts since it was last asked, without its own commands.
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
      // A command is counted once it is done: an INFO is not in its own answer, the one before it is.
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
