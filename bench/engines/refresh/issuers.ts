import { join } from 'node:path'
import { RedisServer } from '../../harness/redis-server.js'
import type { Context } from '../../harness/types.js'
import { GetDelSet, WithFamilies } from './by-hand.js'
import type { Issuer } from './issuer.js'
import { RevocadeSessions } from './revocade.js'

/**
 * Calls with each issuer, one after another, on stores of its own. Those from packages are loaded here, so
 * that other cases don't wait for them.
 */
export async function withEach(
  context: Pick<Context, 'directory'>,
  call: (issuer: Issuer) => Promise<void>,
): Promise<void> {
  const path = (name: string): string => join(context.directory, `${name}.db`)
  const store = ['--appendonly', 'yes', '--appendfsync', 'always']
  await using durable = await RedisServer.start(store, context.directory)
  await using redis = await RedisServer.start()
  const { OidcProvider } = await import('./oidc-provider.js')
  const { BetterAuthSessions } = await import('./better-auth.js')
  const opened: readonly (() => Issuer | Promise<Issuer>)[] = [
    () => RevocadeSessions.open('Revocade on SQLite', path('sessions')),
    () => RevocadeSessions.open('Revocade on Redis', durable.url),
    () => RevocadeSessions.open('Revocade, replaySeconds: 0', path('strict'), 0),
    () => OidcProvider.inMemory(),
    () => OidcProvider.onRedis(redis.url),
    () => BetterAuthSessions.open(path('better-auth')),
    () => new GetDelSet(redis.url),
    () => new WithFamilies(redis.url),
  ]
  for (const open of opened) {
    await using issuer = await open()
    await call(issuer)
  }
}
