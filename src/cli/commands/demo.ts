import type { Command } from 'commander'
import { addOutputOptions, type OutputOptions } from '../options.js'

export interface DemoOptions extends OutputOptions {
  readonly progress: boolean
}

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .description(
      'Watch it work: real tokens, revocations, 400,000 checks, a crash. Needs no set-up, leaves nothing behind.',
    )
    .option('--no-progress', 'no progress bar')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../demo/run.js')
      process.exitCode = await runDemo(options)
    })
  addOutputOptions(command)
}
