// Connects like an engine, says whether a PING is answered, never disconnects, and does nothing else:
// node idle.mjs <redis url> [milliseconds to wait for the answer]
import { connectRedis } from '#dist/redis/connection/connect.js'
import { readRedisOptions } from '#dist/redis/options.js'

const { commands, subscriber } = await connectRedis(
  readRedisOptions({ url: process.argv[2], timeoutMs: 10_000 }),
)
// The deadline of an answer keeps the process alive, as in an engine.
const deadline = setTimeout(() => undefined, Number(process.argv[3] ?? 20_000))
subscriber
  .connect()
  .then(() => subscriber.subscribe('idle'))
  .catch(() => undefined)
commands
  .connect()
  .then(() => commands.callBuffer('PING'))
  .then(
    () => console.log('answered'),
    () => console.log('failed'),
  )
  .finally(() => {
    clearTimeout(deadline)
    // Time for the other connection, in milliseconds.
    setTimeout(() => undefined, 500)
  })
