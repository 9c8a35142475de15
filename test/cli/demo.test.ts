import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DemoResult } from '#dist/cli/demo/demonstrate.js'
import { reportText } from '#dist/cli/demo/report.js'
import { inDirectory } from '../support/cli.js'

const dir = inDirectory()

describe('demo', () => {
  it('gives no wrong answer, loses no acknowledged revocation, leaves nothing behind', async () => {
    const temporary = join(dir.path, 'tmp')
    mkdirSync(temporary)
    const { code, stdout, stderr } = await dir.run(['demo', '--json'], { env: { TMPDIR: temporary } })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const result = JSON.parse(stdout) as DemoResult
    expect(result).toMatchObject({ ok: true, wrongAnswers: 0, tokens: { minted: 2000, withoutJti: 200 } })
    expect(result.tokens.algorithms.map(({ algorithm }) => algorithm)).toEqual([
      'HS256',
      'RS256',
      'ES256',
      'EdDSA',
    ])
    expect(result.revocations).toMatchObject({ oneByOne: 220, bulk: 200, bySelector: 10, background: 95_000 })
    expect(result.asShipped).toMatchObject({ checks: 300_000, wrong: 0, distinctIds: 200_000 })
    // 430 of 2,000 tokens are revoked, and 100,000 checks choose among them.
    expect(result.asShipped.answeredRevoked).toBeGreaterThan(20_000)
    expect(result.asShipped.measuredFalsePositiveRate).toBeLessThan(1e-3)
    expect(result.coarse).toMatchObject({ checks: 104_000, wrong: 0, answeredRevoked: 860 })
    expect(result.coarse.layers.map(({ layer }) => layer)).toEqual(['prefilter', 'cache', 'store'])
    const { crash } = result
    expect(crash.acknowledged).toBeGreaterThanOrEqual(500)
    expect(crash).toMatchObject({
      seenByRunningEngine: crash.acknowledged,
      seenAfterReopening: crash.acknowledged,
      wrongAfterReopening: 0,
    })
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(dir.path)).toEqual(['tmp'])

    const text = reportText(result)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(text).toContain('No revoked token got through')
    expect(reportText({ ...result, ok: false, wrongAnswers: 3 })).toContain('FAILED: 3 wrong answers')
  })
})
