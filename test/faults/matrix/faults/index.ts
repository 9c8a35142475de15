import type { Fault } from '../fault.js'
import { answersLost } from './answers-lost.js'
import { clockAstray } from './clock-astray.js'
import { clocksStep } from './clocks-step.js'
import { connectionsBreak } from './connections-break.js'
import { connectionsRefused } from './connections-refused.js'
import { fileAway } from './file-away.js'
import { fileBackedUpOver } from './file-backed-up-over.js'
import { fileDeleted } from './file-deleted.js'
import { fileLocked } from './file-locked.js'
import { fileOverwritten } from './file-overwritten.js'
import { fileVacuumed } from './file-vacuumed.js'
import { linkMoved } from './link-moved.js'
import { logUnlinked } from './log-unlinked.js'
import { loopStalled } from './loop-stalled.js'
import { networkHalfOpen } from './network-half-open.js'
import { networkSlow } from './network-slow.js'
import { networkSwallows } from './network-swallows.js'
import { processClosed } from './process-closed.js'
import { processKilled } from './process-killed.js'
import { processSuspended } from './process-suspended.js'
import { redisFailsOver } from './redis-fails-over.js'
import { redisFlushed } from './redis-flushed.js'
import { redisFull } from './redis-full.js'
import { redisHangs } from './redis-hangs.js'
import { redisKilled } from './redis-killed.js'
import { serverHangs } from './server-hangs.js'
import { serverKilled } from './server-killed.js'
import { storeFailsOver } from './store-fails-over.js'
import { storeRestored } from './store-restored.js'

/** All faults, in the order of the page. */
export const FAULTS: readonly Fault[] = [
  processKilled,
  processClosed,
  processSuspended,
  loopStalled,
  clocksStep,
  clockAstray,
  storeRestored,
  redisKilled,
  redisFlushed,
  redisHangs,
  redisFull,
  redisFailsOver,
  fileLocked,
  fileVacuumed,
  fileAway,
  logUnlinked,
  linkMoved,
  fileOverwritten,
  fileBackedUpOver,
  fileDeleted,
  serverKilled,
  serverHangs,
  connectionsRefused,
  connectionsBreak,
  networkSwallows,
  networkHalfOpen,
  networkSlow,
  answersLost,
  storeFailsOver,
]
