import type { TestError } from 'vitest'

/** What an error and its causes say, in full: an assertion's message cuts its value, its diff does not. */
export function messagesOf({ message, diff, cause }: TestError): string[] {
  return [message, diff ?? '', ...(cause === undefined ? [] : messagesOf(cause))]
}
