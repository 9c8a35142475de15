// Makes the connections of an engine, with all the patience there is, uses them where they are made, never ends them, and comes to its end.
import { connectRedis } from '#dist/redis/connection/connect.js'
import { readRedisOptions } from '#dist/redis/options.js'

const { commands, subscriber } = await connectRedis(
  readRedisOptions({ url: process.argv[2], timeoutMs: 10_000 }),
)
commands
  .connect()
  .then(() => commands.callBuffer('PING'))
  .then(
    () => console.log('answered'),
    () => console.log('failed'),
  )
subscriber
  .connect()
  .then(() => subscriber.subscribe('idle'))
  .catch(() => undefined)
// As whoever waits for a reply has: a deadline.
setTimeout(() => undefined, 500)
