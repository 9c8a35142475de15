import assert from 'node:assert/strict'
import type {
  Change,
  Digest,
  Mutation,
  Position,
  RevocationStore,
  ScanChunk,
  ScanEnd,
  StoreContext,
  StoredRow,
  StoreInfo,
  Target,
} from '../../ports/index.js'

/** The suites' present: a whole second, in milliseconds. */
export const NOW = 1_750_000_000_000

type Revoke = Extract<Mutation, { op: 'revoke' }>

const silent = (): void => undefined

/** Opens a store as an engine would; without `overrides` with no key and in the namespace `default`. */
export async function openStore(
  store: RevocationStore,
  overrides: Partial<StoreContext> = {},
): Promise<{ store: RevocationStore; info: StoreInfo }> {
  const info = await store.open({
    namespace: 'default',
    secret: undefined,
    exclusive: false,
    purgeGraceSeconds: 3600,
    clock: { now: () => NOW },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    ...overrides,
  })
  return { store, info }
}

/** The n-th of a series of scattered digests. */
export function digestOf(n: number): Uint8Array {
  const digest = new Uint8Array(16)
  const view = new DataView(digest.buffer)
  for (let word = 0; word < 4; word++)
    view.setUint32(word * 4, Math.imul(n * 4 + word + 1, 0x9e37_79b1), true)
  return digest
}

/** The same digest as the words that a lookup uses. */
export function wordsOf(bytes: Uint8Array): Digest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return Int32Array.from([0, 4, 8, 12], (offset) => view.getInt32(offset, true))
}

/** A digest as text, to compare and to sort. */
export function id(digest: Uint8Array | Digest): string {
  return Buffer.from(digest.buffer, digest.byteOffset, 16).toString('hex')
}

/** A mutation that revokes the n-th token for an hour. */
export function revoke(n: number, overrides: Partial<Omit<Revoke, 'op' | 'digest'>> = {}): Revoke {
  const target: Target = { kind: 'id', claim: 'jti', id: `token-${n}` }
  return {
    op: 'revoke',
    digest: digestOf(n),
    target,
    expiresAt: NOW / 1000 + 3600,
    revokedAt: NOW,
    ...overrides,
  }
}

/** A mutation that takes the n-th revocation back. */
export function unrevoke(n: number, revokedAt = NOW): Mutation {
  return { op: 'unrevoke', digest: digestOf(n), revokedAt }
}

/** The target of a selector, for the overrides of {@link revoke}. */
export function selector(where: Record<string, string | number>): { target: Target } {
  return { target: { kind: 'selector', where } }
}

/** Polls until there is no more. It fails when the position is not in the store's history. */
export async function follow(
  store: RevocationStore,
  from: Position,
  limit = 1000,
): Promise<{ changes: Change[]; position: Position }> {
  const changes: Change[] = []
  for (let position = from; ;) {
    const poll = await store.poll(position, limit)
    assert.ok(poll.status === 'ok', `${from.seq} of ${from.epoch} is not in the history`)
    assert.ok(poll.changes.length <= limit)
    changes.push(...poll.changes)
    position = poll.position
    if (!poll.more) return { changes, position }
  }
}

/** Everything a scan delivers: expiries by digest (see {@link id}), and its end. */
export async function collect(
  scan: AsyncGenerator<ScanChunk, ScanEnd, void>,
): Promise<{ live: Map<string, number>; end: ScanEnd }> {
  const live = new Map<string, number>()
  for (;;) {
    const next = await scan.next()
    if (next.done === true) return { live, end: next.value }
    const { digests, expiresAt, total } = next.value
    assert.equal(digests.length, expiresAt.length * 4)
    for (const [i, expiry] of expiresAt.entries()) {
      const key = id(digests.subarray(i * 4, i * 4 + 4))
      assert.ok(!live.has(key), 'a digest came twice')
      live.set(key, expiry)
    }
    assert.ok(live.size <= total)
  }
}

/** The row of the n-th digest. */
export async function read(store: RevocationStore, n: number): Promise<StoredRow | undefined> {
  return store.get(wordsOf(digestOf(n)))
}

/** Writes mutations in one commit, and returns the number and the expiry of each. */
export async function write(store: RevocationStore, ...mutations: Mutation[]): Promise<unknown[]> {
  return (await store.write(mutations)).written.map(({ seq, expiresAt }) => [seq, expiresAt])
}
