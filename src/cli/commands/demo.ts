import type { Command } from 'commander'
import { addOutputOptions, type OutputOptions } from '../options.js'
import { writeJson, writeLine } from '../output/print.js'
import { StepProgress } from '../output/progress.js'

/** The flags of `demo`. */
interface DemoOptions extends OutputOptions {
  readonly progress: boolean
  readonly store?: string
}

/** Adds `demo`, which shows the library at work. */
export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description(
      'Show the library at work: real tokens, revocations, 400,000 checks, a crash. ' +
        'Needs the packages jose and jsonwebtoken. Leaves nothing behind.',
    )
    .option(
      '--store <url>',
      'run in a schema of its own in this PostgreSQL database, postgres://user@host/db',
    )
    .option('--no-progress', 'show no progress bar')
    .action(demo)
  addOutputOptions(command)
}

async function demo({ json = false, progress, store }: DemoOptions): Promise<void> {
  const [{ demonstrate }, { makeDemoPlace }, { reportText }] = await Promise.all([
    import('../demo/demonstrate.js'),
    import('../demo/demo-place.js'),
    import('../demo/report.js'),
  ])
  const place = await makeDemoPlace(store)
  const interrupted = (): void => void place.remove().finally(() => process.exit(130))
  process.once('SIGINT', interrupted)
  const steps = new StepProgress(progress)
  try {
    const result = await demonstrate(place.store, steps)
    steps.stop()
    await (json ? writeJson(result) : writeLine(reportText(result)))
    process.exitCode = result.ok ? 0 : 2
  } finally {
    steps.stop()
    await place.remove()
    process.off('SIGINT', interrupted)
  }
}
