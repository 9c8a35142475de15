import { afterEach, beforeEach } from 'vitest'
import { messagesOf } from './failure-text.js'
import { titlesOf } from './groups.js'
import type { Mistake } from './plant.js'

/**
 * Skips what shows no more of some planted mistakes: tests whose titles they do not name, and where any test
 * may say what breaks, those that come after the one that did. A mistake without a title is alone.
 */
export function only(mistakes: readonly Pick<Mistake, 'breaks' | 'among'>[]): void {
  const titles = mistakes.flatMap(titlesOf)
  const wanted = new RegExp([...titles, ...mistakes.flatMap(({ among }) => among?.source ?? [])].join('|'))
  let seen = false

  beforeEach(({ task, skip }) => {
    if (seen || !wanted.test(task.fullName)) skip()
  })

  if (titles.length > 0) return
  const breaks = new RegExp(mistakes.map(({ breaks }) => breaks.source).join('|'))
  afterEach(({ task: { result } }) => {
    if (breaks.test((result?.errors ?? []).flatMap(messagesOf).join('\n'))) seen = true
  })
}
