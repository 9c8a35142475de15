import type { Revocade } from 'revocade'
import { createPermissions } from 'revocade/permissions'
import { exposeInternals } from '#dist/engine/internals.js'
import { type EngineHarness, engineHarness } from '../support/engine-harness.js'
import { ModelStore } from '../support/model-store.js'
import { ManualClock } from '../support/time.js'

export const USER = { sub: 'u', jti: 'a' }

/** An engine of which nothing is used but its layers. */
export function engineOf({ settings, store, ...layers }: EngineHarness): Revocade {
  const engine = {} as Revocade
  exposeInternals(engine, { settings, store, key: new Uint8Array(16), layers })
  return engine
}

/** A database whose queries are answered when the test says so. */
export class Database {
  version = 0
  loads = 0
  /** Answers what was read so far. */
  reply: () => void = () => undefined
  isLate = false

  readonly load = async (): Promise<number> => {
    this.loads++
    const { version } = this
    if (this.isLate) await new Promise<void>((resolve) => (this.reply = resolve))
    return version
  }
}

/** An engine over a model store, polling only when the test says so, and what it keeps. */
export async function manual(ttlSeconds = 300) {
  const [clock, store, database] = [new ManualClock(), new ModelStore(), new Database()]
  const one = await engineHarness(store, { clock, maxStalenessMs: 100 })
  const other = await engineHarness(store, { clock, maxStalenessMs: 100 })
  const options = { ttlSeconds, load: database.load }
  const permissions = createPermissions(engineOf(one), options)
  return {
    clock,
    store,
    database,
    one,
    other,
    permissions,
    elsewhere: createPermissions(engineOf(other), options),
  }
}
