import type { Command } from 'commander'
import { addOutputOptions, type OutputOptions } from '../options.js'

/** The flags of `demo`. */
export interface DemoOptions extends OutputOptions {
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
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../demo/run.js')
      process.exitCode = await runDemo(options)
    })
  addOutputOptions(command)
}
