import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createRevocade, type Revocade, type RevocadeOptions } from '#dist/index.js'
import { median, seconds } from '../measure.js'
import { inputs, revokedClaims, storeFile } from '../store-file.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../types.js'

const CLI = fileURLToPath(import.meta.resolve('#dist/cli/main.js'))

const sizeOf = ({ scale }: Context): number => ({ full: 1_000_000, quick: 100_000, test: 2000 })[scale]

async function assertRevoked(context: Context, engine: Revocade): Promise<void> {
  for (const claims of revokedClaims(context, 1000)) {
    assertAnswer(!engine.isClearlyActive(claims) && await engine.isRevoked(claims), 'an imported revocation is not found')
  }
  assertAnswer(engine.stats().store.seq === sizeOf(context), 'revocations are missing')
}

async function runImport(context: Context): Promise<Row[]> {
  const size = sizeOf(context)
  const engine = await createRevocade({ store: join(context.directory, 'bulk.db') })
  const many = await seconds(() => engine.revokeMany(inputs(context, size)))
  assertAnswer(many.result.count === size, 'revokeMany left some out')
  await assertRevoked(context, engine)
  await engine.close()

  const file = join(context.directory, 'revocations.ndjson')
  await pipeline(Readable.from(lines(context, size)), createWriteStream(file))
  const store = join(context.directory, 'cli.db')
  const cli = await seconds(() => command(['import', file, '--store', store, '--no-progress']))
  await using imported = await createRevocade({ store })
  await assertRevoked(context, imported)
  const perSecond = (time: number): string => `${(size / time).toFixed(0)} a second`
  return [
    { what: `revokeMany of ${size.toLocaleString('en')}`, value: many.seconds, unit: 's', target: atMost(12), from: perSecond(many.seconds) },
    { what: 'revocade import of the same as NDJSON, whole process', value: cli.seconds, unit: 's', target: atMost(12), from: perSecond(cli.seconds) },
  ]
}

function* lines(context: Context, size: number): Generator<string, void, void> {
  let text = ''
  for (const input of inputs(context, size)) {
    text += `${JSON.stringify(input)}\n`
    if (text.length < 65_536) continue
    yield text
    text = ''
  }
  yield text
}

async function command(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit') as [number | null]
  assertAnswer(code === 0, `revocade ${args[0]} ended with ${code}`)
}

async function runReopen(context: Context): Promise<Row[]> {
  const store = await storeFile(context, sizeOf(context))
  const rounds = { full: 5, quick: 3, test: 1 }[context.scale]
  const opened = async (options: RevocadeOptions, answers: boolean): Promise<number> => {
    const { result: engine, seconds: time } = await seconds(() => createRevocade({ ...options, store }))
    if (answers) await assertRevoked(context, engine)
    await engine.close()
    return time
  }
  await opened({}, true) // leaves a snapshot
  await opened({}, true)
  await opened({ snapshot: false }, true)
  const fromSnapshot: number[] = []
  const fromStore: number[] = []
  for (let round = 0; round < rounds; round++) {
    fromSnapshot.push(await opened({}, false))
    fromStore.push(await opened({ snapshot: false }, false))
  }
  const size = sizeOf(context).toLocaleString('en')
  const of = (times: readonly number[]): string => `median of ${times.map((time) => time.toFixed(2)).join(', ')} s`
  return [
    { what: `createRevocade with ${size}, from the snapshot`, value: median(fromSnapshot), unit: 's', target: atMost(0.4), from: of(fromSnapshot) },
    { what: `createRevocade with ${size}, from the store`, value: median(fromStore), unit: 's', target: atMost(2.5), from: of(fromStore) },
  ]
}

export const bulk: Case = { name: 'import', title: 'Import of 1 M revocations into an empty SQLite store', run: runImport }
export const reopen: Case = { name: 'reopen', title: 'Reopening a SQLite store with 1 M live revocations', run: runReopen }
