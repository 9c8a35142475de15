import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { checkWriting } from '../doctor/disk.js'
import type { Finding } from '../doctor/finding.js'
import { checkClock, checkFileSystem, checkNode } from '../doctor/machine.js'
import { checkRedis } from '../doctor/redis.js'
import { checkStoreFile } from '../doctor/store-file.js'
import { checkStoreServer } from '../doctor/store-server.js'
import { printable } from '../errors.js'
import { addRedisOptions, addStoreOptions, type RedisFlags, type StoreOptions } from '../options.js'
import { counted } from '../output/counted.js'
import { tone, writeJson, writeLine } from '../output/print.js'
import { table } from '../output/table.js'
import { serverAt } from '../store-location.js'
import { inspectedRedis } from '../with-inspector.js'

interface DoctorOptions extends StoreOptions, RedisFlags {
  readonly deep?: boolean
}

const TONES = { ok: 'good', warn: 'warn', fail: 'bad' } as const

/** Adds `doctor`, which checks what the library depends on. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'Check the machine, the disk, the store, and Redis if --redis names one, and say what to do. ' +
        'Exit code 2 if a check fails.',
    )
    .option('--deep', 'compare every index with its table as well (slow on large stores)')
    .action(doctor)
  addStoreOptions(addRedisOptions(command))
}

async function checkFile(options: DoctorOptions): Promise<Finding[]> {
  const directory = dirname(resolve(options.store))
  return [
    ...(await checkFileSystem(directory)),
    ...(await checkWriting(directory)),
    ...(await checkStoreFile(options)),
  ]
}

async function doctor(options: DoctorOptions): Promise<void> {
  // Before any check, because an invalid URL is a wrong command line and not a finding.
  const redisSettings = inspectedRedis(options)
  const server = serverAt(options.store)
  const findings: Finding[] = [
    checkNode(),
    ...(server === undefined ? await checkFile(options) : await checkStoreServer(server, options)),
    await checkClock(),
    ...(redisSettings === undefined ? [] : await checkRedis(redisSettings)),
  ]
  const failed = findings.filter(({ status }) => status === 'fail').length
  if (failed > 0) process.exitCode = 2
  if (options.json === true) {
    await writeJson({ ok: failed === 0, checks: findings })
    return
  }
  await writeLine(
    table(
      findings.map(({ check, status, detail }) => [tone(status, TONES[status]), check, printable(detail)]),
      { flexible: 2, wrap: 'words' },
    ),
  )
  const advised = findings.filter(({ advice }) => advice !== undefined)
  if (advised.length > 0)
    await writeLine(
      `\nWhat to do\n${advised.map(({ check, advice = '' }) => `  ${check}: ${advice}`).join('\n')}`,
    )
  const warned = findings.filter(({ status }) => status === 'warn').length
  const verdict = failed === 0 ? tone('Healthy', 'good') : tone('Not healthy', 'bad')
  const counts = [
    counted(findings.length, 'check'),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(warned > 0 ? [`${warned} with a warning`] : []),
  ]
  await writeLine(`\n${verdict}: ${counts.join(', ')}.`)
}
