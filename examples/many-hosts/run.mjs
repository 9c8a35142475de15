// Three processes share revocations by PostgreSQL and Redis. From the root of the repository:
//
//     npm run example
//     npm run example -- --store postgres://user@host/db --redis redis://host:6379
//
// It starts the servers that it is not given, and stops what it started.
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startPostgres, startRedis } from './servers.mjs'

const NAMES = ['paris', 'oslo', 'rome']
const MAX_STALENESS_MS = 500

const { values } = parseArgs({ options: { store: { type: 'string' }, redis: { type: 'string' } } })
const started = []
const hosts = []

const token = (sub) => ({
  iss: 'https://issuer.example',
  sub,
  jti: randomUUID(),
  exp: Math.floor(Date.now() / 1000) + 3600,
})
const say = (line = '') => console.log(line)
const ms = (value) => `${value < 1 ? value.toFixed(3) : value.toFixed(1)} ms`

/** A process with an engine; each call is a message to it and its answer. */
class Host {
  #child
  #calls = new Map()
  #id = 0

  static async start(name, options) {
    const host = new Host()
    host.name = name
    host.#child = fork(fileURLToPath(new URL('host.mjs', import.meta.url)), [JSON.stringify(options)])
    hosts.push(host)
    const ended = once(host.#child, 'exit').then(() => {
      throw new Error(`${name} did not start`)
    })
    await Promise.race([once(host.#child, 'message'), ended])
    ended.catch(() => undefined)
    host.#child.on('message', ({ id, answer, error }) => {
      const { resolve, reject } = host.#calls.get(id)
      host.#calls.delete(id)
      if (error === undefined) resolve(answer)
      else reject(new Error(error))
    })
    return host
  }

  do(action, claims) {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject })
      this.#child.send({ id, action, claims })
    })
  }

  async close() {
    if (!this.#child.connected) return
    const ended = once(this.#child, 'exit')
    this.#child.send({ id: 0, action: 'close' })
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
  }
}

/** One host revokes; says how it reached each of them, and throws if one of them was too late. */
async function travel(claims) {
  const [revoker, ...others] = hosts
  const watching = others.map((host) => host.do('watch', claims))
  const { at, ms: took, redis } = await revoker.do('revoke', claims)
  say(`  ${revoker.name.padEnd(6)} revoked it: durable after ${ms(took)} (Redis: ${redis})`)
  const late = []
  for (const [i, host] of others.entries()) {
    const seen = await watching[i]
    const delay = Math.max(0, seen.at - at)
    say(`  ${host.name.padEnd(6)} refused it ${ms(delay)} after the commit, said by: ${seen.decidedBy}`)
    if (delay > MAX_STALENESS_MS * 2) late.push(host.name)
  }
  if (late.length > 0) say(`  (this machine is busy: ${late.join(' and ')} came late)`)
}

async function checks(claims) {
  for (const host of hosts) {
    const { status, decidedBy, ms: took } = await host.do('check', claims)
    say(`  ${host.name.padEnd(6)} ${status.padEnd(8)} said by: ${decidedBy.padEnd(10)} ${ms(took)}`)
  }
}

async function main() {
  const postgres =
    values.store === undefined ? await startPostgres() : { url: values.store, name: 'your store' }
  if (postgres.server !== undefined) started.push(postgres.server)
  const redis = values.redis === undefined ? await startRedis() : { url: values.redis, name: 'your Redis' }
  if (redis.server !== undefined) started.push(redis.server)
  const options = { store: postgres.url, redis: redis.url, maxStalenessMs: MAX_STALENESS_MS }
  for (const name of NAMES) await Host.start(name, options)
  say(`${NAMES.join(', ')}: three processes; store: ${postgres.name}, wake-ups: ${redis.name};`)
  say(`maxStalenessMs ${MAX_STALENESS_MS}. Times are of this run, on this machine.`)

  const alice = token('alice')
  say('\n1. A token that nobody revoked. The memory of each process answers, nothing is asked.')
  await checks(alice)

  say('\n2. One host revokes it. Redis wakes the others, which read the store.')
  await travel(alice)

  if (redis.server !== undefined) {
    say(`\n3. Redis is stopped. The others see it at their next poll, ${MAX_STALENESS_MS} ms at most.`)
    await redis.server.stop()
    await travel(token('bob'))
  }

  if (postgres.server !== undefined) {
    say('\n4. PostgreSQL is stopped as well. Nobody can know then, and nothing is called active.')
    await postgres.server.stop()
    while ((await Promise.all(hosts.map((host) => host.do('lease')))).some(({ live }) => live))
      await sleep(20)
    await checks(token('carol'))

    say('\n5. PostgreSQL is back, and with it the answers.')
    await postgres.server.start()
    const dora = token('dora')
    while (
      (await Promise.all(hosts.map((host) => host.do('check', dora)))).some(
        ({ status }) => status !== 'active',
      )
    )
      await sleep(50)
    await checks(dora)
  }
}

let cleaning
const clean = () => {
  cleaning ??= (async () => {
    await Promise.all(hosts.map((host) => host.close()))
    await Promise.all(started.map((server) => server.remove()))
  })()
  return cleaning
}
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void clean().finally(() => process.exit(130)))
try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await clean()
}
