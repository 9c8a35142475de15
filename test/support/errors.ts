import { expect } from 'vitest'
import type { RevocadeErrorCode } from '#dist/errors.js'

/** Matches a RevocadeError with a code and a part of its message. */
export function ourError(code: RevocadeErrorCode, message = ''): unknown {
  return expect.objectContaining({
    code,
    name: 'RevocadeError',
    message: expect.stringContaining(message) as string,
  })
}
