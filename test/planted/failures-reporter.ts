import type { TestError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'

/** What failed in a test file: titles after `×`, each with its errors. */
export interface ModuleFailures {
  readonly project: string
  readonly failures: readonly string[]
}

/** Prints a line of JSON for each test file. */
export default class FailuresReporter implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const failures = module.errors().map(({ message }) => message)
    for (const test of module.children.allTests('failed')) {
      failures.push(`× ${test.name}`, ...(test.result().errors ?? []).flatMap(messages))
    }
    const line: ModuleFailures = { project: module.project.name, failures }
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }
}

/** What an error and its causes say, in full: an assertion's message cuts its value, its diff does not. */
function messages({ message, diff, cause }: TestError): string[] {
  return [message, diff ?? '', ...(cause === undefined ? [] : messages(cause))]
}
