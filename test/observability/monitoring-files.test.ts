import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import client from 'prom-client'
import { instrument } from 'revocade/prometheus'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'
import { openEngine, useAll } from './engine.js'
import { findPromtool } from './find-promtool.js'

const run = promisify(execFile)
const RULES = join(ROOT, 'docs/monitoring/alerts.yml')
const rules = readFileSync(RULES, 'utf8')
const dashboard = readFileSync(join(ROOT, 'docs/monitoring/grafana-dashboard.json'), 'utf8')

/** The metrics that a text names, without what a histogram adds to its name. */
const named = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(/\brevocade_\w+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, '')),
  ),
]

const state: { promtool: string | undefined } = { promtool: undefined }

beforeAll(async () => {
  state.promtool = await findPromtool(temporaryDirectory())
})

describe('docs/monitoring', () => {
  it.each([
    ['alerts.yml', rules, 4],
    ['grafana-dashboard.json', dashboard, 18],
  ])('%s names only metrics that instrument exports', async (_, text, least) => {
    const registry = new client.Registry()
    instrument(await openEngine(), { client, registry })
    const exported = (await registry.getMetricsAsJSON()).map(({ name }) => name)
    const used = named(text)
    expect(used.length).toBeGreaterThanOrEqual(least)
    expect(used.filter((name) => !exported.includes(name))).toEqual([])
  })

  it('alerts.yml has four alerts, each with an expression, a severity and words', () => {
    const alerts = rules.split('- alert: ').slice(1)
    expect(alerts).toHaveLength(4)
    for (const alert of alerts)
      for (const part of ['expr: ', 'severity: ', 'summary: ', 'description: ']) expect(alert).toContain(part)
  })

  it('grafana-dashboard.json has panels that have a query and do not overlap', () => {
    const { panels } = JSON.parse(dashboard) as { panels: Panel[] }
    const taken = new Set<string>()
    for (const { title, targets, gridPos } of panels) {
      expect(
        targets.every(({ expr }) => expr.includes('revocade_')),
        title,
      ).toBe(true)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        expect(x, title).toBeLessThan(24)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false)
          taken.add(`${x} ${y}`)
        }
      }
    }
  })

  it('the alerts fire when they should, as promtool finds', async ({ skip }) => {
    const { promtool } = state
    if (promtool === undefined) return skip('promtool is neither on PATH nor to be had')
    const file = join(temporaryDirectory(), 'tests.yml')
    await writeFile(file, ALERT_TESTS)
    expect((await run(promtool, ['check', 'rules', RULES])).stdout).toContain('4 rules found')
    expect((await run(promtool, ['test', 'rules', file])).stdout).toContain('SUCCESS')
  })

  it("promtool finds no fault in a collection's text", async ({ skip }) => {
    const { promtool } = state
    if (promtool === undefined) return skip('promtool is neither on PATH nor to be had')
    const registry = new client.Registry()
    const engine = await openEngine()
    instrument(engine, { client, registry })
    await useAll(engine)
    const checked = run(promtool, ['check', 'metrics'])
    checked.child.stdin?.end(await registry.metrics())
    expect(await checked).toEqual({ stdout: '', stderr: '' })
  })
})

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
}

/** A sample a minute: ten minutes of peace, and ten in which everything goes wrong. */
const ALERT_TESTS = `rule_files: ['${RULES}']
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'revocade_checks_total{instance="a",decided_by="policy"}', values: '0+0x10 1+1x10' }
      - { series: 'revocade_lease_live{instance="a"}', values: '1+0x10 0+0x10' }
      - { series: 'revocade_up{instance="a"}', values: '1+0x20' }
      - { series: 'revocade_writes_total{instance="a",outcome="ERR_NOT_DURABLE"}', values: '0+0x10 1+1x10' }
      - { series: 'revocade_selectors_not_honoured{instance="a"}', values: '0+0x10 2+0x10' }
    promql_expr_test:
      - { expr: 'ALERTS', eval_time: 10m, exp_samples: [] }
      - expr: count by (alertname) (ALERTS{alertstate="firing"})
        eval_time: 19m
        exp_samples:
          - { labels: '{alertname="RevocadeCannotDecide"}', value: 1 }
          - { labels: '{alertname="RevocadeLeaseLost"}', value: 1 }
          - { labels: '{alertname="RevocadeRevocationsFail"}', value: 1 }
          - { labels: '{alertname="RevocadeRevocationsIgnored"}', value: 1 }
`
