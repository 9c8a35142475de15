import { describe, expect, it } from 'vitest'
import { ERROR_STATUS, RevocadeError } from '#dist/errors.js'

describe('RevocadeError', () => {
  it('carries a stable code, a status and the cause', () => {
    const cause = new Error('disk full')
    const error = new RevocadeError('ERR_NOT_DURABLE', 'try again', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'RevocadeError', code: 'ERR_NOT_DURABLE', statusCode: 503, cause })
  })

  it('has a client or server status for every code', () => {
    for (const status of Object.values(ERROR_STATUS)) expect([400, 401, 500, 503]).toContain(status)
  })
})
