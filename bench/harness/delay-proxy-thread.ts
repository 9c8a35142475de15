import { parentPort, workerData } from 'node:worker_threads'
import { DelayProxy } from './delay-proxy.js'

// The thread of a proxy. It tells its port, and ends with whoever started it.

const { target, roundTripMs } = workerData as { readonly target: number; readonly roundTripMs: number }
const { port } = await DelayProxy.start(target, roundTripMs)
parentPort?.postMessage(port)
