import { fork } from 'node:child_process'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createRevocade, type RevocadeOptions } from '#dist/index.js'
import type { RevocationStore } from '#dist/ports/index.js'
import { resolveStore } from '#dist/store/resolve.js'
import { EXPIRES_AT } from '../inputs/claims.js'

/** Processes that look, beside the one that revokes. */
const WATCHERS = 3

const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Makes a store remember when it last acknowledged a commit: from then on the change is there to be seen. */
function timed(store: RevocationStore): { acknowledgedAt: number } {
  const told = { acknowledgedAt: 0 }
  const write = store.write.bind(store)
  store.write = async (mutations) => {
    const committed = await write(mutations)
    told.acknowledgedAt = now()
    return committed
  }
  return told
}

/** How long some revocations took. */
export interface Latencies {
  /** Milliseconds from the commit until another process no longer said "active", one for each token. */
  readonly seen: readonly number[]
  /** From the commit until the last check of any of them began that said "active"; 0 if it was before. */
  readonly active: readonly number[]
  /** From the call of `revoke()` until the commit. */
  readonly committed: readonly number[]
}

/** Revokes in this process, and has others on the same store tell when they see it. */
export async function latencies(
  options: RevocadeOptions & { readonly store: string },
  tokens: number,
): Promise<Latencies> {
  const store = await resolveStore(options.store)
  const told = timed(store)
  await using writer = await createRevocade({ ...options, store })
  const script = fileURLToPath(new URL('./watcher.js', import.meta.url))
  const children = Array.from({ length: WATCHERS }, (_, me) =>
    fork(script, [JSON.stringify({ options, tokens, me, of: WATCHERS })]),
  )
  const next = (child: (typeof children)[number]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', () => reject(new Error('a watcher ended early')))
    })
  await Promise.all(children.map(next))
  const answers = Promise.all(children.map(next))
  const committedAt: number[] = []
  const committed: number[] = []
  for (let i = 0; i < tokens; i++) {
    // At no fixed moment of their polls.
    await setTimeout(5 + Math.random() * 20)
    const calledAt = now()
    await writer.revoke({ jti: `t${i}`, exp: EXPIRES_AT })
    committedAt.push(told.acknowledgedAt)
    committed.push(told.acknowledgedAt - calledAt)
  }
  const watched = (await answers) as { readonly seenAt: number[]; readonly activeAt: (number | null)[] }[]
  // Some see it before the writer hears of its own commit.
  return {
    seen: committedAt.map((at, i) => Math.max(0, (watched[i % WATCHERS]?.seenAt[i] ?? Number.NaN) - at)),
    active: committedAt.map((at, i) =>
      Math.max(0, ...watched.map(({ activeAt }) => (activeAt[i] ?? -Infinity) - at)),
    ),
    committed,
  }
}
