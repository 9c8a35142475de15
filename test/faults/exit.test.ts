import { once } from 'node:events'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { open } from '../support/engine.js'
import { Child } from '../support/process.js'
import { temporaryDirectory } from '../support/temp.js'

const EXITS = new URL('children/exits.mjs', import.meta.url)
const NO_PAUSE = new URL('children/no-pause.mjs', import.meta.url)
/** Without the gate, about a third of the processes abort. */
const PROCESSES = 8

it('process.exit() while a write waits for the lock ends the process with its exit code', async () => {
  const store = join(temporaryDirectory(), 'store.db')
  await (await open({ store })).close()
  const env = { NODE_OPTIONS: `--import ${NO_PAUSE.href}` }
  const children: Child[] = []
  // Two at a time: each keeps a processor busy.
  for (let i = 0; i < PROCESSES; i += 2) {
    const pair = [new Child(EXITS, [store], env), new Child(EXITS, [store], env)]
    await Promise.all(pair.map((child) => once(child.process, 'message')))
    const blocker = new Database(store)
    onTestFinished(() => void blocker.close())
    blocker.exec('BEGIN IMMEDIATE')
    for (const child of pair) child.process.send('exit')
    await Promise.all(pair.map(({ ended }) => ended))
    blocker.exec('COMMIT')
    children.push(...pair)
  }
  expect(
    children.map(({ process, complaints }) => [process.exitCode, process.signalCode, complaints]),
  ).toEqual(children.map(() => [7, null, '']))
}, 120_000)
