import { parentPort, workerData } from 'node:worker_threads'
import { RevocadeError } from '../../../errors.js'
import { packError, toRevocadeError } from '../errors.js'
import { fileIdentity } from '../file/identity.js'
import { connect, type Connected } from '../file/open-writer.js'
import type { Chore, FromWriter, ToWriter, WriterData } from '../thread-messages.js'
import { Committer } from './commit.js'
import { purgeExpired } from './purge.js'
import { divideBuckets } from './split-buckets.js'

// The write thread: owns the one write connection of an opened store, commits a batch per message.

const options = workerData as WriterData
const { path } = options
const send = (message: FromWriter, transfer: ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer)

function serve({ db, ...found }: Connected, committer: Committer): void {
  send({ type: 'ready', ...found })

  /** A commit into a file that no path leads to any more would be acknowledged and lost. */
  const assertInPlace = (): void => {
    if (fileIdentity(path) === found.identity) return
    throw new RevocadeError(
      'ERR_NOT_DURABLE',
      `Nothing was acknowledged: the store ${path} was replaced or deleted while in use.`,
    )
  }

  const commit = ({ memory, count, seen }: ToWriter & { type: 'batch' }): void => {
    try {
      assertInPlace()
      const result = committer.apply(memory, count, seen)
      assertInPlace()
      send({ type: 'committed', memory, ...result }, [memory, result.results.buffer])
    } catch (error) {
      send({ type: 'rejected', memory, error: packError(toRevocadeError(error, 'write', path)) }, [memory])
    }
  }

  const work = (chore: Chore['type'], steps: Iterator<number, void, void>, changed: number): void => {
    if (!db.open) return
    try {
      const step = steps.next()
      if (step.done !== true)
        setImmediate(work, chore, steps, changed + step.value) // batches that wait go first
      else send({ type: 'done', chore, changed, error: undefined })
    } catch (error) {
      send({ type: 'done', chore, changed, error: packError(toRevocadeError(error, 'write', path)) })
    }
  }

  parentPort?.on('message', (message: ToWriter) => {
    switch (message.type) {
      case 'batch':
        commit(message)
        break
      case 'purge':
        work('purge', purgeExpired(db, message.expiredBefore), 0)
        break
      case 'divide':
        work('divide', divideBuckets(db, found.namespaceId, message.bits), 0)
        break
      case 'close':
        db.close()
        parentPort?.close()
    }
  })
}

function open(): [Connected, Committer] {
  const connected = connect(options)
  try {
    return [connected, new Committer(connected.db, connected.namespaceId, options.toleranceSeconds)]
  } catch (error) {
    connected.db.close()
    throw error
  }
}

try {
  serve(...open())
} catch (error) {
  send({ type: 'failed', error: packError(toRevocadeError(error, 'open', path)) })
}
