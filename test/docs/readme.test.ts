import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readRecord } from '../../bench/harness/record.js'
import { headlinesMarkdown } from '../../bench/report/markdown.js'
import { readPage, ROOT, section, tableRows } from '../support/markdown.js'
import { newestRecord } from './newest-record.js'

const README = readPage('README.md')

describe('README.md', () => {
  it('two screens are enough for it', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(130)
  })

  it('six figures are those of the newest record, digit by digit', () => {
    const recorded = tableRows(headlinesMarkdown(readRecord(newestRecord())))
    const quoted = tableRows(section('README.md', 'numbers'))
    expect(quoted).toHaveLength(6)
    for (const [, measured, from] of quoted)
      expect(recorded.some(([, value, , origin]) => value === measured && origin === from, measured)).toBe(
        true,
      )
  })

  it('the record that it names is the newest', () => {
    expect(README).toContain(`\`${newestRecord().slice(ROOT.length)}\``)
  })

  it('every picture is there', () => {
    const pictures = [...README.matchAll(/(?:src|srcset)="([^"]+)"/g)].map(([, path = '']) => path)
    expect(pictures).toHaveLength(2)
    expect(pictures.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

describe('commands', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }

  it('the test command of the README is the one that .ci/run runs', () => {
    const [, command] = /<!-- test-command -->\n```sh\n(.*)\n```/.exec(README) ?? []
    expect(command).toBe('npm ci && npm test')
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain("sed -n '/<!-- test-command -->/")
  })

  it('every npm script that README.md or CONTRIBUTING.md names is there', () => {
    const text = README + readPage('CONTRIBUTING.md')
    const named = [...text.matchAll(/npm (?:run ([\w:-]+)|(start|test))\b/g)].map(
      ([, script = '', short = '']) => script || short,
    )
    expect(named.length).toBeGreaterThan(4)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })
})
