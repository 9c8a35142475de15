import { parentPort, workerData } from 'node:worker_threads'
import { DelayProxy } from './delay-proxy.js'

// The thread of a proxy. It posts the proxy's port, and runs until the thread that started it terminates it.

const { target, roundTripMs } = workerData as { readonly target: number; readonly roundTripMs: number }
const { port } = await DelayProxy.start(target, roundTripMs)
parentPort?.postMessage(port)
