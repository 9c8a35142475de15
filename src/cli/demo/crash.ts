import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Revocade, TokenClaims } from '../../api.js'
import { CliError } from '../errors.js'
import { readLines } from '../input/read-lines.js'
import { ISSUER } from './tokens.js'

/** The claims of the token that the killed process revokes under a number. */
export function crashClaims(index: number): TokenClaims {
  return { iss: ISSUER, jti: `crash-${index}` }
}

/**
 * Starts a process that revokes on the same store, and kills it (SIGKILL) while it does.
 *
 * @param atLeast - acknowledged revocations after which it is killed
 * @returns the numbers of all revocations that it acknowledged
 */
export async function killWhileRevoking(store: string, atLeast: number): Promise<number[]> {
  const script = fileURLToPath(new URL('./crash-child.js', import.meta.url))
  const expiresAt = Math.floor(Date.now() / 1000) + 3600
  const child = spawn(process.execPath, [script, store, String(expiresAt)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)))
  const exited = once(child, 'exit')
  const acknowledged: number[] = []
  try {
    for await (const lines of readLines(child.stdout)) {
      acknowledged.push(...lines.flatMap((line) => ('text' in line ? [Number(line.text)] : [])))
      if (acknowledged.length >= atLeast) child.kill('SIGKILL')
    }
  } finally {
    child.kill('SIGKILL')
    await exited
  }
  if (acknowledged.length < atLeast)
    throw new CliError('ERR_INTERNAL', `the process to be killed ended by itself: ${complaint}`)
  return acknowledged
}

/** How many of the acknowledged revocations an engine knows. */
export async function countRevoked(engine: Revocade, acknowledged: readonly number[]): Promise<number> {
  let found = 0
  for (const index of acknowledged) if (await engine.isRevoked(crashClaims(index))) found++
  return found
}
