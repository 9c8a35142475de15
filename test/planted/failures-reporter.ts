import { basename, dirname } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { messagesOf } from './failure-text.js'

/** What failed in a test file: titles after `×`, each with its errors. */
export interface ModuleFailures {
  /** The name of the folder that the file is in. */
  readonly folder: string
  readonly failures: readonly string[]
}

/** Prints a line of JSON for each test file. */
export default class FailuresReporter implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const failures = module.errors().map(({ message }) => message)
    for (const test of module.children.allTests('failed')) {
      failures.push(`× ${test.name}`, ...(test.result().errors ?? []).flatMap(messagesOf))
    }
    const line: ModuleFailures = { folder: basename(dirname(module.moduleId)), failures }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
}
