import type { MaybePromise } from './maybe-promise.js'

/**
 * Whether an answer has to be waited for. It goes by the shape: a promise may be of another library, or of
 * another realm (Jest, `node:vm`). Taken for a value, it would look like a row that says nothing.
 */
export function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return (
    typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function'
  )
}
