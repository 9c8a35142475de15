import { type Fault, unnoticed, withRedis } from '../fault.js'

export const redisFlushed: Fault = {
  name: 'Redis is flushed',
  appliesTo: withRedis,
  async inject({ redis }) {
    // A replica refuses it, and follows its master.
    await Promise.allSettled(redis.servers.map((server) => server.command('FLUSHALL')))
  },
  expected: unnoticed,
}
