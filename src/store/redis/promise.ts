/**
 * What a Redis store promises, in the words of docs/redis-store.md: said at the start of an engine and by
 * `revocade doctor`.
 *
 * @param appendfsync - of the server; undefined if it does not say
 */
export function promiseOf(appendfsync: string | undefined): string {
  return (
    `Revocations are kept in Redis alone. ${crash(appendfsync)} A failover can lose acknowledged ` +
    'revocations: no client can prevent that. Engines notice, and those that go on write theirs of the ' +
    'last two minutes again. A master that was cut off may answer until it is demoted.'
  )
}

function crash(appendfsync: string | undefined): string {
  if (appendfsync === 'always') return 'They survive a crash of the server (appendfsync always).'
  if (appendfsync === 'everysec')
    return 'A crash of the server can lose those of the last second (appendfsync everysec).'
  return 'Whether they survive a crash of the server is up to the service that runs it.'
}
