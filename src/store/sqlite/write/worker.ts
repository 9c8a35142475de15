import { parentPort, workerData } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import { packError, toRevocadeError } from '../errors.js'
import { ExitGate } from '../exit-gate.js'
import { areSameFiles, fileIdentities } from '../file/file-identity.js'
import { logHeader } from '../file/log-header.js'
import { type OpenedWriter, openWriter } from '../file/open-writer.js'
import { prepareIdentityCheck } from '../file/store-identity.js'
import type { FromWriter, MaintenanceTask, ToWriter, WriterData } from '../thread-messages.js'
import { Committer, type PackedBatch } from './commit.js'
import { purgeExpired, type PurgeTask } from './purge.js'
import { SessionPurge } from './session-purge.js'
import { splitBuckets } from './split-buckets.js'
import { WriteLock } from './write-lock.js'

// The write thread: it owns the store's only write connection, and commits one batch for each message.

const options = workerData as WriterData
const { place } = options
const path = place.real
const send = (message: FromWriter, transfer: ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer)

function serve({ db, ...found }: OpenedWriter, lock: WriteLock, committer: Committer): void {
  send({ type: 'ready', ...found })

  /** A commit to files that the path no longer leads to would be acknowledged and lost. */
  const assertInPlace = (): void => {
    if (!areSameFiles(fileIdentities(place), found.files))
      throw notDurable('was replaced or deleted while in use')
  }

  const isSameStore = prepareIdentityCheck(db, found)
  const sessionPurge = new SessionPurge(db)

  const commit = (batch: PackedBatch): void => {
    const { memory } = batch
    try {
      assertInPlace()
      const result = committer.apply(batch)
      assertInPlace()
      assertLogIsSound()
      send({ type: 'committed', memory, ...result }, [memory, result.results.buffer])
    } catch (error) {
      send({ type: 'rejected', memory, error: packError(toRevocadeError(error, 'write', path)) }, [memory])
    }
  }

  /** Does one step of a task, then lets waiting batches go first. */
  const maintain = (
    task: MaintenanceTask['type'],
    steps: Iterator<number, void, void>,
    changed: number,
  ): void => {
    if (!db.open) return
    try {
      assertInPlace()
      const step = lock.transaction(() => {
        if (!isSameStore()) throw notDurable('was replaced while in use')
        return steps.next()
      })
      if (step.done !== true) setImmediate(maintain, task, steps, changed + step.value)
      else send({ type: 'maintained', task, changed, error: undefined })
    } catch (error) {
      send({ type: 'maintained', task, changed, error: packError(toRevocadeError(error, 'write', path)) })
    }
  }

  function* purge(task: PurgeTask): Generator<number, void, void> {
    yield* purgeExpired(db, task)
    yield sessionPurge.step(task.expiredBefore * 1000)
  }

  parentPort?.on('message', (message: ToWriter) => {
    switch (message.type) {
      case 'batch':
        commit(message)
        break
      case 'purge':
        maintain('purge', purge(message), 0)
        break
      case 'split-buckets':
        maintain('split-buckets', splitBuckets(db, found.namespaceId, message.bits), 0)
        break
      case 'close':
        if (message.fold) foldLog(db)
        db.close()
        parentPort?.unref() // ends the thread; Deno's port has no `close`
    }
  })
}

let logIsSound = false

/** Once a log has a header, it keeps one. */
function assertLogIsSound(): void {
  if (logIsSound) return
  const header = logHeader(path)
  if (header === 'missing') throw notDurable('has a log that nobody could read')
  logIsSound = header === 'sound'
}

/** Moves what the log holds into the file, as far as no reader needs the log. */
function foldLog(db: OpenedWriter['db']): void {
  try {
    db.pragma('wal_checkpoint(PASSIVE)')
  } catch {
    // The log stays as it is: SQLite folds it when the file is opened again.
  }
}

const notDurable = (why: string): RevocadeError =>
  new RevocadeError('ERR_NOT_DURABLE', `nothing was acknowledged: the store ${path} ${why}`)

function open(): [OpenedWriter, WriteLock, Committer] {
  const opened = openWriter(options)
  const { db } = opened
  try {
    const lock = new WriteLock(db, options.busyTimeoutMs, new ExitGate(options.gate))
    return [opened, lock, new Committer(db, lock, opened, options.toleranceSeconds)]
  } catch (error) {
    db.close()
    throw error
  }
}

try {
  serve(...open())
} catch (error) {
  send({ type: 'failed', error: packError(toRevocadeError(error, 'open', path)) })
}
