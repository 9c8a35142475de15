import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createRevocade } from '#dist/index.js'
import { seconds } from '../harness/measure.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { assertHolds, inputs } from '../inputs/store-file.js'
import { sizesOf } from './sizes.js'

const CLI = fileURLToPath(import.meta.resolve('#dist/cli/main.js'))

async function run(context: Context): Promise<Row[]> {
  const { entries: size } = sizesOf('import', context.scale)
  const engine = await createRevocade({ store: join(context.directory, 'import.db') })
  const many = await seconds(() => engine.revokeMany(inputs(context, size)))
  assertAnswer(many.result.count === size, 'revokeMany left some out')
  await assertHolds(context, engine, size)
  await engine.close()

  const file = join(context.directory, 'revocations.ndjson')
  await pipeline(Readable.from(lines(context, size)), createWriteStream(file))
  const store = join(context.directory, 'cli.db')
  const cli = await seconds(() => command(['import', file, '--store', store, '--no-progress']))
  await using imported = await createRevocade({ store })
  await assertHolds(context, imported, size)
  const perSecond = (time: number): string => `${(size / time).toFixed(0)} a second`
  return [
    {
      what: `revokeMany of ${size.toLocaleString('en')}`,
      value: many.seconds,
      unit: 's',
      target: atMost(12),
      from: perSecond(many.seconds),
    },
    {
      what: 'revocade import of the same as NDJSON, whole process',
      value: cli.seconds,
      unit: 's',
      target: atMost(12),
      from: perSecond(cli.seconds),
    },
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
  const [code] = (await once(child, 'exit')) as [number | null]
  assertAnswer(code === 0, `revocade ${args[0]} ended with ${code}`)
}

export const bulkImport: Case = {
  name: 'import',
  title: 'Import of 1 M revocations into an empty SQLite store',
  run,
}
