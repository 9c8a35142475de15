import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_STATUS } from '#dist/errors.js'
import type { PrefilterKind, Target } from '#dist/ports/index.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { encodeSnapshot } from '#dist/prefilter/snapshot.js'
import { MIGRATIONS, SCHEMA_VERSION } from '#dist/store/sqlite/file/schema.js'
import { INTEGER_TAG, KIND, STRING_TAG } from '#dist/token/encoding.js'
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

describe('links', () => {
  it.each(pages())('%s links and names only what is there', (page) => {
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

  it('the sections are the error codes, in their order', () => {
    expect([...told.keys()]).toEqual(Object.keys(ERROR_STATUS))
  })

  it.each(Object.entries(ERROR_STATUS))(
    'the section of %s says its status and what to do',
    (name, status) => {
      expect(told.get(name)).toContain(`\nStatus ${status}. `)
      expect(told.get(name)).toContain('\n*Do:* ')
    },
  )
})

// The contract: these words are what users rely on. Whoever changes one changes a promise.
const PROMISES = readFileSync(new URL('promises.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')

describe('guarantees.md', () => {
  const sections = readPage('docs/guarantees.md').split(/^## /m).slice(1)

  it('the promises are these and no others', () => {
    const quotes = sections.map((text) => flat(/(?:^>.*\n)+/m.exec(text)?.[0] ?? ''))
    expect(quotes).toEqual(PROMISES)
  })

  it('the promises are numbered', () => {
    expect(sections.map((text) => text.split('.', 1)[0])).toEqual(PROMISES.map((_, i) => String(i + 1)))
  })

  it.each(sections.map((text) => [text.split('\n', 1)[0], text]))(
    '%s: says how it is kept, which tests show it, its limits',
    (_title, text) => {
      expect(text).toContain('\n**How it is kept.** ')
      expect(text).toContain('\n**Limits.** ')
      const shown = /\n\*\*Shown by\.\*\*([^]*?)\n\n/.exec(text)?.[1] ?? ''
      expect(shown.match(/`test\/[\w/-]+\.test\.ts`/g)).not.toBeNull()
    },
  )
})

interface Encoding {
  readonly kind: number
  readonly fields: readonly string[]
  readonly values: readonly (string | number)[]
}

/** An encoding read by the grammar of docs/formats.md, without the code that writes it. */
function readEncoding(bytes: Buffer): Encoding {
  let at = 4
  const taken = (length: number): Buffer => bytes.subarray(at, (at += length))
  const sized = (): Buffer => taken(taken(4).readUInt32LE())
  const fields = Array.from({ length: bytes.readUInt16LE(2) }, () => sized().toString())
  const padding = taken((8 - (at % 8)) % 8)
  expect([bytes[0], ...padding]).toEqual([1, ...padding.map(() => 0)])
  const kind = bytes.readUInt8(1)
  const several = kind === KIND.selector && fields.length > 2
  const values: (string | number)[] = []
  while (at < bytes.length) {
    const value = several ? sized() : taken(bytes.length - at)
    const rest = value.subarray(1)
    values.push(value[0] === STRING_TAG ? rest.toString() : Number(rest.readBigInt64LE()))
  }
  return { kind, fields, values }
}

/** What an encoding says of a target in the namespace 'default', by the table of kinds in docs/formats.md. */
function partsOf(target: Target): Encoding {
  const kind = KIND[target.kind]
  if (target.kind === 'hash') return { kind, fields: ['default'], values: [target.sha256] }
  if (target.kind === 'id') {
    const issuer = target.iss === undefined ? [] : [target.iss]
    return { kind, fields: ['default', target.claim, ...issuer], values: [target.id] }
  }
  const names = Object.keys(target.where).toSorted()
  return { kind, fields: ['default', ...names], values: names.map((name) => target.where[name] ?? '') }
}

describe('formats.md', () => {
  const lines = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')

  it('the schema is the one of the store', () => {
    expect(lines(section('docs/formats.md', 'schema').replaceAll(/```(?:sql)?/g, ''))).toEqual(
      lines(MIGRATIONS.join('\n')),
    )
    expect(readPage('docs/formats.md')).toContain(`\`PRAGMA user_version\`, ${SCHEMA_VERSION} |`)
  })

  it('the header of a snapshot is the one that is written', async () => {
    const rows = tableRows(section('docs/formats.md', 'snapshot'))
    const meta = Buffer.from('the meta')
    const bytes = Buffer.from(encodeSnapshot(await createPrefilter({ kind: 'exact' }), meta))
    const [M, B] = [bytes.readUInt32LE(12), bytes.readDoubleLE(16)]
    // A size or an offset: a sum of numbers and of M and B.
    const sum = (cell: string) =>
      cell
        .split(' + ')
        .reduce((total, part) => total + (part === 'M' ? M : part === 'B' ? B : Number(part)), 0)
    let end = 0
    for (const [offset = '', size = ''] of rows) {
      expect(sum(offset), offset).toBe(end)
      end += sum(size)
    }
    expect(end).toBe(bytes.length)
    const text = (row: number) => rows[row]?.[2] ?? ''
    const magic = bytes
      .subarray(0, 8)
      .toString('hex')
      .toUpperCase()
      .replace(/..(?=.)/g, '$& ')
    expect(text(0)).toContain(`magic: ${magic} `)
    expect(text(1)).toBe(`format version, u16: ${bytes.readUInt16LE(8)}`)
    expect(bytes.subarray(24, 24 + M)).toEqual(meta)
    expect(bytes.subarray(24 + M + B)).toEqual(
      createHash('sha256')
        .update(bytes.subarray(0, 24 + M + B))
        .digest(),
    )
  })

  it('the codes of prefilter kinds are those that are written', async () => {
    const [, , kinds = ''] = tableRows(section('docs/formats.md', 'snapshot')).map(([, , text]) => text)
    const documented = [...kinds.matchAll(/(\d) ([\w-]+)/g)].map(([, number, kind]) => [kind, Number(number)])
    const written = documented.map(async ([kind]) => {
      const prefilter = await createPrefilter({ kind: kind as PrefilterKind })
      return [kind, Buffer.from(encodeSnapshot(prefilter, new Uint8Array())).readUInt16LE(10)]
    })
    expect(documented).toHaveLength(6)
    expect(await Promise.all(written)).toEqual(documented)
  })

  it('the kinds of targets are those of the encoding', () => {
    const rows = tableRows(section('docs/formats.md', 'kinds'))
    expect(rows.map(([number]) => Number(number))).toEqual(Object.values(KIND))
  })

  it('the grammar of the encoding reads every example', () => {
    const grammar = readPage('docs/formats.md')
    expect(grammar).toContain(`value    = 0x0${STRING_TAG}, UTF-8 bytes of a string`)
    expect(grammar).toContain(`         | 0x0${INTEGER_TAG}, i64 of a whole number`)
    for (const [target = '', encoding = ''] of tableRows(section('docs/formats.md', 'examples')).map((row) =>
      row.map(code),
    ))
      expect(readEncoding(Buffer.from(encoding, 'hex'))).toEqual(partsOf(JSON.parse(target) as Target))
  })

  it('the examples of targets have their true encoding and digest', () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i)
    const digester = new TokenDigester({
      key,
      namespace: 'default',
      idClaims: ['jti'],
      maxTokenBytes: 16_384,
    })
    const rows = tableRows(section('docs/formats.md', 'examples'))
    expect(rows.length).toBeGreaterThan(3)
    for (const [target = '', encoding, digest] of rows.map((row) => row.map(code))) {
      const given = JSON.parse(target) as Target
      expect(Buffer.from(digester.targets.encodingOf(given)).toString('hex')).toBe(encoding)
      expect(Buffer.from(digestBytes(digester.target(given))).toString('hex')).toBe(digest)
    }
  })
})

describe('decisions', () => {
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

describe('CHANGELOG.md', () => {
  it('this version has an entry', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(readPage('CHANGELOG.md')).toMatch(
      new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}$`, 'm'),
    )
  })
})
