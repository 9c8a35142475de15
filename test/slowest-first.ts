import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest, wherever it runs: begun last, it would run alone at the end. */
const SLOWEST = [
  'cli/tune',
  'planted/planted',
  'package/package',
  'faults/redis-server',
  'faults/store-file',
  'faults/matrix',
  'docs/snippets',
  'faults/kill',
  'faults/staleness',
  'cli/demo',
  'engine/api',
]

/** Starts the slowest files first, and the others as Vitest would. */
export default class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = SLOWEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return at < 0 ? SLOWEST.length : at
    }
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other))
  }
}
