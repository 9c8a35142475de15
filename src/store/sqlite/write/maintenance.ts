import type { Worker } from 'node:worker_threads'
import type { RevocadeError } from '../../../errors.js'
import { unpackError } from '../errors.js'
import type { MaintenanceResult, MaintenanceTask, ToWriter } from '../thread-messages.js'

interface PendingTask {
  readonly promise: Promise<number>
  readonly resolve: (changed: number) => void
  readonly reject: (error: RevocadeError) => void
}

/** The maintenance tasks that the write thread is working on. */
export class Maintenance {
  readonly #pending = new Map<MaintenanceTask['type'], PendingTask>()

  get isIdle(): boolean {
    return this.#pending.size === 0
  }

  /**
   * Sends a task to the thread. A task of the same type that is pending is joined, not started again.
   *
   * @returns The number of changed rows.
   */
  run(worker: Worker, task: MaintenanceTask): Promise<number> {
    const pending = this.#pending.get(task.type)
    if (pending !== undefined) return pending.promise
    let settle: Omit<PendingTask, 'promise'> = { resolve: () => undefined, reject: () => undefined }
    const promise = new Promise<number>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.#pending.set(task.type, { promise, ...settle })
    worker.ref()
    worker.postMessage(task satisfies ToWriter)
    return promise
  }

  /** Takes in the thread's answer. */
  settle({ task, changed, error }: MaintenanceResult): void {
    const pending = this.#pending.get(task)
    this.#pending.delete(task)
    if (error === undefined) pending?.resolve(changed)
    else pending?.reject(unpackError(error))
  }

  /** Ends the pending tasks, as if they had changed nothing. */
  cancel(): void {
    for (const { resolve } of this.#pending.values()) resolve(0)
    this.#pending.clear()
  }

  /** Rejects the pending tasks: the thread is gone. */
  fail(error: RevocadeError): void {
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}
