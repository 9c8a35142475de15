import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * A Redis behind a {@link DelayProxy} in a thread of its own, so that its delays take no time of the one
 * measured.
 */
export interface Delayed extends AsyncDisposable {
  readonly url: string
}

export async function delayed(url: string, roundTripMs: number): Promise<Delayed> {
  const target = Number(new URL(url).port)
  const worker = new Worker(new URL('../harness/delay-proxy-thread.js', import.meta.url), {
    workerData: { target, roundTripMs },
  })
  const [port] = (await once(worker, 'message')) as [number]
  return {
    url: `redis://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}
