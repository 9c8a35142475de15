import { afterEach, beforeEach } from 'vitest'
import { messagesOf } from './failure-text.js'

// Skips what shows no more of a planted mistake: tests whose titles it does not name, and where any test may
// say what breaks, those that come after the one that did.
const wanted = new RegExp(process.env.REVOCADE_TEST_TITLES ?? '')
const expected = process.env.REVOCADE_TEST_BREAKS
let seen = false

beforeEach(({ task, skip }) => {
  if (seen || !wanted.test(task.name)) skip()
})

if (expected !== undefined && expected !== '') {
  const breaks = new RegExp(expected)
  afterEach(({ task: { result } }) => {
    if (breaks.test((result?.errors ?? []).flatMap(messagesOf).join('\n'))) seen = true
  })
}
