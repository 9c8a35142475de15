import { statfs } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeVersionProblem } from '../../node-version.js'
import { bytes } from '../output/format-numbers.js'
import { fail, type Finding, ok, warn, why } from './finding.js'

const MIB = 1024 * 1024
/** A clock that shows an earlier time is wrong: this code did not exist then. */
const EARLIEST = Date.UTC(2026, 0, 1)
const DRIFT_SAMPLE_MS = 250
const DRIFT_TOLERATED_MS = 20

/**
 * Magic numbers of statfs(2) on Linux for file systems whose locks or fsync do not suffice for SQLite's WAL
 * mode.
 */
const NETWORK_FILE_SYSTEMS: { readonly [type: number]: string | undefined } = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x01021997: '9p',
  0x6b414653: 'AFS',
  0x47504653: 'GPFS',
  0x0bd00bd0: 'Lustre',
}
const MEMORY_FILE_SYSTEMS: { readonly [type: number]: string | undefined } = {
  0x01021994: 'tmpfs',
  0x858458f6: 'ramfs',
}
const FUSE = 0x65735546

/** Checks the version of Node.js. */
export function checkNode(version = process.versions.node, nodeApi = process.versions.napi): Finding {
  const detail = `${version}, Node-API ${nodeApi}, ${process.platform} ${process.arch}`
  const problem = nodeVersionProblem(version)
  return problem === undefined ? ok('Node.js', detail) : fail('Node.js', detail, problem)
}

/** Checks the type of the file system and the free space. */
export async function checkFileSystem(directory: string): Promise<Finding[]> {
  try {
    const { type, bavail, bsize, blocks } = await statfs(directory)
    return [fileSystem(type), space(bavail * bsize, blocks * bsize)]
  } catch (error) {
    return [
      fail('file system', `${directory}: ${why(error)}`, 'Create the directory, or give another --store.'),
    ]
  }
}

function fileSystem(type: number): Finding {
  // The numbers are those of Linux.
  if (process.platform !== 'linux') return ok('file system', `type ${type}`)
  const unsigned = type >>> 0
  const network = NETWORK_FILE_SYSTEMS[unsigned]
  const memory = MEMORY_FILE_SYSTEMS[unsigned]
  if (network !== undefined) {
    return fail(
      'file system',
      `${network}, over a network`,
      'Put the store on a local disk: SQLite in WAL mode needs shared memory and honest locks.',
    )
  }
  if (memory !== undefined)
    return warn(
      'file system',
      `${memory}, in memory`,
      'Nothing here survives a restart of the machine. Put the store on a disk.',
    )
  if (unsigned === FUSE)
    return warn('file system', 'FUSE', 'Make sure that it is local and honours fsync and locks.')
  return ok('file system', `local (type 0x${unsigned.toString(16)})`)
}

function space(free: number, total: number): Finding {
  const detail = `${bytes(free)} free of ${bytes(total)}`
  if (free < 16 * MIB) return fail('disk space', detail, 'Free some: revocations are about to be refused.')
  if (free < 512 * MIB) return warn('disk space', detail, 'Free some before revocations are refused.')
  return ok('disk space', detail)
}

/** Checks that the wall clock is plausible and keeps pace with the monotonic clock. */
export async function checkClock(): Promise<Finding> {
  const wall = Date.now()
  const monotonic = performance.now()
  await sleep(DRIFT_SAMPLE_MS)
  const drift = Date.now() - wall - (performance.now() - monotonic)
  const distance = `${Math.abs(drift).toFixed(1)} ms off the monotonic clock in ${DRIFT_SAMPLE_MS} ms`
  const detail = `${new Date(wall).toISOString()}, ${distance}`
  if (wall < EARLIEST) return fail('clock', detail, 'Set the clock: expiry and issue times are judged by it.')
  if (Math.abs(drift) > DRIFT_TOLERATED_MS)
    return warn('clock', detail, 'Something steps the clock. Let a time service slew it.')
  return ok('clock', detail)
}
