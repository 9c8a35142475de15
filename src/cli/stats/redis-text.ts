import type { RedisHealth } from '../../redis/connection/health.js'
import type { EngineStats } from '../../redis/inspect/engine-stats-message.js'
import type { KeySample } from '../../redis/inspect/key-sample.js'
import { printable } from '../errors.js'
import { bytes, chance, percent, shortDuration, whole } from '../output/format-numbers.js'
import { type ByLayer, LAYERS, sharesOf, sumOf } from '../output/layer-counts.js'
import { tone } from '../output/print.js'
import { table } from '../output/table.js'
import type { RedisReport } from './redis-report.js'

/** Formats the report for people. */
export function redisText(report: RedisReport): string {
  const { server, state, why, roundTripMs, keys, health, warnings, engines, reached } = report
  const facts = [
    ['redis', printable(server)],
    [
      'state',
      state === 'ready'
        ? `${tone('ready', 'good')}, ${shortDuration(roundTripMs)} there and back`
        : `${tone(state, 'bad')}: ${printable(why ?? 'no reason given')}`,
    ],
    ...(health === null ? [] : healthRows(health)),
    ...(keys === null ? [] : keyRows(keys)),
    ['engines', enginesText(engines.length, reached)],
  ]
  return [
    table(facts, { flexible: 1 }),
    ...warnings
      .filter(({ level }) => level === 'warn')
      .map(
        ({ message }) => `${tone('note', 'warn')}: ${printable(message)} ('revocade doctor' says what to do)`,
      ),
    ...(engines.length === 0 ? [] : ['', checksTable(report), '', stateTable(report)]),
  ].join('\n')
}

function healthRows(health: RedisHealth): string[][] {
  const { version, mode, role, usedMemoryBytes, maxMemoryBytes, maxmemoryPolicy, evictedKeys, rdb, aof } =
    health
  const limit =
    maxMemoryBytes === null ? '' : maxMemoryBytes === 0 ? ', no limit' : ` of ${bytes(maxMemoryBytes)}`
  return [
    [
      'server',
      [`${health.server} ${version ?? 'of unknown version'}`, mode, role]
        .filter((part) => part !== null)
        .map(printable)
        .join(', '),
    ],
    [
      'memory in use',
      usedMemoryBytes === null
        ? 'not told'
        : `${bytes(usedMemoryBytes)}${limit}, ${printable(maxmemoryPolicy ?? 'policy not told')}`,
    ],
    ['evicted keys', evictedKeys === null ? 'not told' : whole(evictedKeys)],
    [
      'on disk',
      aof === true ? 'append-only file' : rdb === true ? 'snapshots' : rdb === false ? 'nothing' : 'not told',
    ],
  ]
}

function keyRows({ buckets, lookedAt, present, current, estimatedBytes }: KeySample): string[][] {
  const all = lookedAt === buckets
  const state =
    current === lookedAt ? 'all up to date' : `${whole(present)} there, ${whole(current)} up to date`
  const memory =
    estimatedBytes === null
      ? 'not told'
      : all
        ? bytes(estimatedBytes)
        : `about ${bytes(estimatedBytes)}, an estimate from ${whole(lookedAt)} of them`
  return [
    [
      'buckets',
      all ? `${whole(buckets)}, ${state}` : `${whole(buckets)}; of ${whole(lookedAt)} looked at, ${state}`,
    ],
    ['memory of buckets', memory],
  ]
}

function enginesText(answered: number, reached: number | null): string {
  const silent = (reached ?? 0) - answered
  return silent > 0 ? `${whole(answered)} answered, ${whole(silent)} did not` : whole(answered)
}

function checksTable({ engines, total }: RedisReport): string {
  const row = (name: string, decided: ByLayer): string[] => {
    const shares = sharesOf(decided)
    return [
      name,
      whole(sumOf(decided)),
      ...LAYERS.map((layer) => percent(shares === null ? null : shares[layer])),
    ]
  }
  const rows = engines.map(({ engine, decided }) => row(printable(engine), decided))
  if (engines.length > 1) rows.push(row('total', total.decided))
  return table(rows, { head: ['engine', 'checks', ...LAYERS], right: [1, 2, 3, 4, 5, 6], flexible: 0 })
}

function stateTable({ engines, total }: RedisReport): string {
  const rows = engines.map(({ engine, lease, prefilter, redis }) => [
    printable(engine),
    lease.live ? shortDuration(lease.ageMs) : tone('run out', 'bad'),
    `${printable(prefilter.kind)}, ${whole(prefilter.entries)}`,
    chance(prefilter.measuredFalsePositiveRate),
    stateText(redis),
    whole(redis.queued),
    redis.complete ? 'complete' : `${whole(redis.verified)} of ${whole(redis.buckets)}`,
  ])
  if (engines.length > 1)
    rows.push(['total', '', '', chance(total.measuredFalsePositiveRate), '', whole(total.queued), ''])
  return table(rows, {
    head: ['engine', 'lease', 'prefilter', 'false +', 'redis', 'queued', 'buckets'],
    right: [1, 3, 5],
    flexible: 0,
  })
}

function stateText({ state, breaker }: EngineStats['redis']): string {
  if (state === 'ready') return tone('ready', 'good')
  return tone(printable(breaker === 'closed' ? state : `${state}, ${breaker}`), 'bad')
}
