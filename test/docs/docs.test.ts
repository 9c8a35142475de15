import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_STATUS } from '#dist/errors.js'
import type { Target } from '#dist/ports/index.js'
import { MIGRATIONS, SCHEMA_VERSION } from '#dist/store/sqlite/file/schema.js'
import { digestBytes, TokenDigester } from '#dist/token/identify.js'
import {
  anchors,
  code,
  flat,
  localLinks,
  pages,
  readPage,
  ROOT,
  section,
  tableRows,
} from '../support/markdown.js'

describe('every page', () => {
  it.each(pages())('%s leads nowhere that is not there', (page) => {
    for (const link of localLinks(page)) {
      const [path = '', anchor = ''] = link.split('#')
      expect(existsSync(join(ROOT, path)), link).toBe(true)
      if (anchor !== '') expect(anchors(path), link).toContain(anchor)
    }
    const files = [...readPage(page).matchAll(/`((?:test|src|bench)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    )
    expect(files.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

describe('errors.md', () => {
  const sections = readPage('docs/errors.md').split(/^## /m).slice(1)
  const told = new Map(sections.map((text) => [text.split('\n', 1)[0], text]))

  it('has a section for each code and for nothing else', () => {
    expect([...told.keys()]).toEqual(Object.keys(ERROR_STATUS))
  })

  it.each(Object.entries(ERROR_STATUS))('says the status of %s and what to do', (name, status) => {
    expect(told.get(name)).toContain(`\nStatus ${status}. `)
    expect(told.get(name)).toContain('\n*Do:* ')
  })
})

// The contract: these words are what users rely on. Whoever changes one changes a promise.
const PROMISES = [
  '**Durable.** A resolved `revoke()` survives a crash of the process, and of the machine where the disk honours fsync (SQLite WAL with `synchronous=FULL`; PostgreSQL `synchronous_commit=on`).',
  '**Read your writes.** From then on that engine never answers "active" for the target until it expires or is un-revoked.',
  '**Bounded staleness.** No other engine on the same store answers "active" for it in a check that starts more than Δ after the commit: either it has applied the change, or its lease has run out and it asks the store.',
  '**Unknown is not active.** When nothing can decide, the verdict is `unknown`, and `onUnknown` says what happens. Every decision by policy is counted.',
  '**Exact positives.** "revoked" comes from the store or from an exact cached verdict. One exception, so labelled: store unreachable and the long Redis prefix matches → revoked, `decidedBy: \'redis\'`.',
  '**No I/O for the common case.** A warm engine answers "active" from L0 with no I/O and no new promise.',
  '**No bearer token at rest or in logs**: digests and claim values only.',
  '**Nothing above the store matters.** Redis flushed, evicted, restarted empty, failed over with a lost tail; a snapshot file corrupt or missing: answers stay right, only slower, and the layers heal.',
]

describe('guarantees.md', () => {
  const sections = readPage('docs/guarantees.md').split(/^## /m).slice(1)

  it('makes these promises and no others', () => {
    const quotes = sections.map((text) => flat(/(?:^>.*\n)+/m.exec(text)?.[0] ?? ''))
    expect(quotes).toEqual(PROMISES)
  })

  it('numbers them', () => {
    expect(sections.map((text) => text.split('.', 1)[0])).toEqual(PROMISES.map((_, i) => String(i + 1)))
  })

  it.each(sections.map((text) => [text.split('\n', 1)[0], text]))(
    '%s: how it is kept, which tests show it, its limits',
    (_title, text) => {
      expect(text).toContain('\n**How it is kept.** ')
      expect(text).toContain('\n**Limits.** ')
      const shown = /\n\*\*Shown by\.\*\*([^]*?)\n\n/.exec(text)?.[1] ?? ''
      expect(shown.match(/`test\/[\w/-]+\.test\.ts`/g)).not.toBeNull()
    },
  )
})

describe('formats.md', () => {
  const lines = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')

  it('shows the schema as it is', () => {
    expect(lines(section('docs/formats.md', 'schema').replaceAll(/```(?:sql)?/g, ''))).toEqual(
      lines(MIGRATIONS.join('\n')),
    )
    expect(readPage('docs/formats.md')).toContain(`\`PRAGMA user_version\`, ${SCHEMA_VERSION} |`)
  })

  it('shows the snapshot as its source does', () => {
    const source = readFileSync(join(ROOT, 'src/prefilter/snapshot.ts'), 'utf8')
    const documented = [...source.matchAll(/^ \* (\|.*\|)$/gm)].map(([, row = '']) => row)
    expect(documented.length).toBeGreaterThan(5)
    expect(lines(section('docs/formats.md', 'snapshot'))).toEqual(documented)
  })

  it('shows the grammar of the encoding as its source does', () => {
    const grammar = (text: string) =>
      /```\n(?: \* )?(encoding = [^]*?)```/.exec(text)?.[1].replaceAll(/^ \* ?/gm, '')
    expect(grammar(readPage('docs/formats.md'))).toBe(
      grammar(readFileSync(join(ROOT, 'src/token/encoding.ts'), 'utf8')),
    )
  })

  it('has examples of targets with their true encoding and digest', () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i)
    const digester = new TokenDigester({
      key,
      namespace: 'default',
      idClaims: ['jti'],
      maxTokenBytes: 16_384,
    })
    const rows = tableRows(section('docs/formats.md', 'examples'))
    expect(rows.length).toBeGreaterThan(3)
    for (const [target, encoding, digest] of rows.map((row) => row.map(code))) {
      const given = JSON.parse(target) as Target
      expect(Buffer.from(digester.encodingOf(given)).toString('hex')).toBe(encoding)
      expect(Buffer.from(digestBytes(digester.target(given))).toString('hex')).toBe(digest)
    }
  })
})

describe('the decisions', () => {
  it.each(pages().filter((page) => page.startsWith('docs/decisions/')))(
    '%s says why, what and what follows',
    (page) => {
      const text = readPage(page)
      const [, number] = /^docs\/decisions\/0*(\d+)-[a-z0-9-]+\.md$/.exec(page) ?? []
      expect(text).toMatch(new RegExp(`^# ${number}\\. `))
      expect([...text.matchAll(/^\*\*(\w+)\.\*\* /gm)].map(([, part]) => part)).toEqual([
        'Context',
        'Choice',
        'Consequences',
      ])
    },
  )
})

describe('the changelog', () => {
  it('has an entry for this version', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(readPage('CHANGELOG.md')).toMatch(
      new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}$`, 'm'),
    )
  })
})
