import { RevocadeError } from '../../errors.js'
import type { RevocationStore } from '../../ports/index.js'
import type { EndOptions, Sessions, SessionsReceipt } from '../../sessions/index.js'
import { CliError, reportOf } from '../errors.js'
import { counted } from '../output/counted.js'
import { combineStates } from '../output/redis-receipt.js'
import { isOpen, sessionPages } from './open-rows.js'

/** Users whose sessions are ended at a time: the store commits them together. */
const AT_ONCE = 64
/** What fails for one user so fails for all. */
const OF_ALL: ReadonlySet<string> = new Set(['ERR_CONFIG', 'ERR_CLOSED'])

/**
 * Ends the sessions of all users, one user after the other; those that begin meanwhile may go on. Where the
 * end of one fails, it is tried again after all others.
 *
 * @throws {CliError} with the number of users that are left
 */
export async function endAll(
  sessions: Sessions,
  store: RevocationStore,
  options: EndOptions,
): Promise<SessionsReceipt | undefined> {
  const ends = new Ends(sessions, options)
  for await (const page of sessionPages(store))
    await ends.of(new Set(page.filter(isOpen).map(({ sub }) => sub)))
  await ends.of(ends.failed.keys())
  const [first] = ends.failed.values()
  if (first === undefined) return ends.total
  throw new CliError(reportOf(first.error).code, left(ends), { cause: first.error })
}

/** The ends of users, and whose have failed. */
class Ends {
  total: SessionsReceipt | undefined
  readonly failed = new Map<string, { readonly error: unknown }>()
  readonly #sessions: Sessions
  readonly #options: EndOptions

  constructor(sessions: Sessions, options: EndOptions) {
    this.#sessions = sessions
    this.#options = options
  }

  async of(subs: Iterable<string>): Promise<void> {
    const users = [...subs]
    while (users.length > 0) await Promise.all(users.splice(0, AT_ONCE).map((sub) => this.#ofOne(sub)))
  }

  async #ofOne(sub: string): Promise<void> {
    try {
      const receipt = await this.#sessions.revoke({ sub }, this.#options)
      this.total = added(this.total, receipt)
      this.failed.delete(sub)
    } catch (error) {
      if (error instanceof RevocadeError && OF_ALL.has(error.code)) throw error
      this.failed.set(sub, { error })
    }
  }
}

function left({ failed, total }: Ends): string {
  const { ended = 0 } = total ?? {}
  return (
    `the sessions of ${counted(failed.size, 'user')} could not be ended, also when it was tried again; ` +
    `${counted(ended, 'session')} of others ended. Run the command again ` +
    '(--verbose shows a reason)'
  )
}

function added(total: SessionsReceipt | undefined, one: SessionsReceipt): SessionsReceipt {
  if (total === undefined) return one
  return {
    ...one,
    seq: Math.max(total.seq, one.seq),
    ended: total.ended + one.ended,
    redis: combineStates([total.redis, one.redis]),
  }
}
