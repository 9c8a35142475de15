import type { Poll } from '../ports/index.js'
import type { VerdictCache } from './verdict-cache.js'

/**
 * Takes the answer of a poll that came too late for the check that asked; the next poll asks again. A store
 * may report only once that it diverged, so that must not be lost. Nor may a rejection end the process.
 */
export function takeLateAnswer(answer: Promise<Poll>, cache: Pick<VerdictCache, 'clear'>): void {
  answer.then(
    ({ status }) => {
      if (status === 'diverged') cache.clear()
    },
    () => undefined,
  )
}
