// Starts the server. From the root of the repository: npm run example:auth-server
//
//     PORT       3000 by default
//     ORIGIN     how browsers reach it, such as https://app.example; http://localhost:PORT by default
//     DATA       the folder for users, key and revocations; ./data by default
//     STORE      postgres://… or redis://…, for several hosts
//     REDIS_URL  for limits that processes share
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createApp } from './app.mjs'

const { PORT = '3000', DATA, STORE, REDIS_URL } = process.env
const folder = DATA ?? fileURLToPath(new URL('data', import.meta.url))
const redis = REDIS_URL === undefined ? undefined : await connect(REDIS_URL)

const server = createServer()
try {
  server.listen(Number(PORT), '127.0.0.1')
  await once(server, 'listening')
} catch (error) {
  console.error(`can't listen on 127.0.0.1:${PORT} (${error.code}): give another port, as in PORT=3001`)
  process.exit(1)
}
const origin = process.env.ORIGIN ?? `http://localhost:${server.address().port}`
const { app, close } = await createApp({ folder, origin, redis, ...(STORE && { store: STORE }) })
server.on('request', app)
console.log(`open ${origin} and register: the first user is the administrator`)

let stopping
const stop = () => {
  stopping ??= (async () => {
    server.close()
    server.closeIdleConnections()
    // Requests that run have five seconds.
    const timer = setTimeout(() => server.closeAllConnections(), 5000)
    await once(server, 'close')
    clearTimeout(timer)
    await close()
    redis?.disconnect()
  })()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop)

async function connect(url) {
  const { Redis } = await import('ioredis')
  const client = new Redis(url)
  client.on('error', (error) => console.error(`Redis: ${error.message}`))
  return client
}
