import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { portToTry } from './free-port.js'
import type { RedisServer } from './server.js'

/**
 * Milliseconds of silence after which a master counts as down. A replica that had no link to it for ten times
 * as long is not promoted.
 */
const DOWN_AFTER_MS = 1500

/**
 * A Sentinel that watches a master under the name `mymaster`, and promotes its replica alone. The end of the
 * test ends it.
 *
 * @returns the list of hosts and the name, as they stand in a URL
 */
export async function startSentinel(master: RedisServer): Promise<string> {
  const { own } = inject('redis')
  if (own.kind !== 'binary') throw new Error('a Sentinel needs a redis-server on PATH')
  const port = portToTry()
  const folder = mkdtempSync(join(tmpdir(), 'revocade-sentinel-'))
  const config = join(folder, 'sentinel.conf')
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds mymaster ${DOWN_AFTER_MS}`,
    'sentinel failover-timeout mymaster 2000',
  ]
  writeFileSync(config, `${settings.join('\n')}\n`)
  const child = spawn(own.path, [config, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('+slave')) resolve()
    })
    child.once('close', () => reject(new Error(`the Sentinel ended:\n${said}`)))
  })
  return `127.0.0.1:${port},127.0.0.1:${port}/mymaster`
}
