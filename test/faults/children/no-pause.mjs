// Loaded first in each thread: a write thread that waits for the lock asks for it without a pause, so that it
// is nearly always inside of SQLite.
import { isMainThread } from 'node:worker_threads'

if (!isMainThread) Atomics.wait = () => 'timed-out'
