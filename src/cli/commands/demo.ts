import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { addOutputOptions, type OutputOptions } from '../options.js'
import { writeJson, writeLine } from '../output/print.js'
import { StepProgress } from '../output/progress.js'

/** The flags of `demo`. */
interface DemoOptions extends OutputOptions {
  readonly progress: boolean
}

/** Adds `demo`, which shows the library at work. */
export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description(
      'Show the library at work: real tokens, revocations, 400,000 checks, a crash. ' +
        'Needs the packages jose and jsonwebtoken. Leaves nothing behind.',
    )
    .option('--no-progress', 'show no progress bar')
    .action(demo)
  addOutputOptions(command)
}

async function demo({ json = false, progress }: DemoOptions): Promise<void> {
  const [{ demonstrate }, { reportText }] = await Promise.all([
    import('../demo/demonstrate.js'),
    import('../demo/report.js'),
  ])
  const directory = await mkdtemp(join(tmpdir(), 'revocade-demo-'))
  const cleanUp = (): void => rmSync(directory, { recursive: true, force: true })
  const interrupted = (): void => {
    cleanUp()
    process.exit(130)
  }
  process.once('SIGINT', interrupted)
  const steps = new StepProgress(progress)
  try {
    const result = await demonstrate(join(directory, 'revocade.db'), steps)
    steps.stop()
    await (json ? writeJson(result) : writeLine(reportText(result)))
    process.exitCode = result.ok ? 0 : 2
  } finally {
    steps.stop()
    cleanUp()
    process.off('SIGINT', interrupted)
  }
}
