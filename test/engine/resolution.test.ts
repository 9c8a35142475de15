import { describe, expect, it } from 'vitest'
import { decide, failed } from '#dist/engine/resolution.js'

describe('decide', () => {
  it('says unknown after a failed lookup, whatever the store threw', () => {
    for (const thrown of [undefined, null, new Error('down')])
      expect(decide([{ status: 'not-revoked', by: 'cache' }, failed(thrown)], 'throw')).toMatchObject({
        status: 'unknown',
        decidedBy: 'policy',
      })
  })
})
