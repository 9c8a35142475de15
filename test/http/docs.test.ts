import { describe, expect, it } from 'vitest'
import { readPolicy } from '#dist/http/policy.js'
import { REFUSAL_REASONS, RefusedRequest } from '#dist/http/refusal.js'
import { code, readPage, tableRows } from '../support/markdown.js'

const sections = readPage('docs/http.md').split(/^## /m)
const rowsOf = (heading: string): string[][] =>
  tableRows(sections.find((text) => text.startsWith(heading)) ?? '')

describe('docs/http.md', () => {
  it('has the reasons, with their status and code', () => {
    const rows = rowsOf('What a request gets').map(([reason = '', , status, name = '']) => [
      code(reason),
      Number(status),
      code(name),
    ])
    const refusals = REFUSAL_REASONS.map(
      (reason) => new RefusedRequest(reason, { scheme: 'Bearer', realm: 'x' }),
    )
    expect(rows).toEqual(refusals.map(({ reason, status, code }) => [reason, status, code]))
  })

  it('has the options that a guard accepts', () => {
    const names = rowsOf('Options').map(([name = '']) => code(name))
    const own = ['token', 'verify', 'claims']
    expect(names.filter((name) => own.includes(name))).toEqual(own)
    const rest = Object.fromEntries(names.map((name) => [name, undefined]))
    expect(() => readPolicy(rest, own)).not.toThrow()
    expect(() => readPolicy({ ...rest, other: 1 } as object, own)).toThrow(
      'known: token, verify, claims, required, onUnknown, realm, clockToleranceSeconds, selectorsOnly',
    )
    expect(names).toHaveLength(8)
  })
})
