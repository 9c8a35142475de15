// Measures what a guard costs a server, beside what others ask on each request, for docs/http.md:
//
//     npm run bench:build && node build/bench/http.js [--rounds N] [--slice MS] [--json FILE]
//
// Each server is a process of its own, and the client is another. In each round every server is under load
// for a slice, in an order that rotates, and is compared with the empty route of the same framework in the
// same round. Trust the shares, not the rates. `revocade serve` is also measured while it revokes: after each
// of its slices there is one during a burst of POST /revoke.
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from './harness/free-port.js'
import { describeMachine, versions } from './harness/machine.js'
import { rotated, rounded } from './harness/measure.js'
import { type BenchRecord, FORMAT, type RecordedCase, stringifyRecord } from './harness/record.js'
import { RedisServer } from './harness/redis-server.js'
import { mean, median, quantile, sorted } from './harness/statistics.js'
import { duration, quantity, tableOf } from './harness/table.js'
import { assertAnswer, atLeast, atMost, type Context, type Measurement, type Row } from './harness/types.js'
import { LoadClient, ServerProcess } from './http/processes.js'
import { ENTRIES, type Entry, INTROSPECTION, REVOKER, SIDECAR } from './http/servers.js'
import { storeFile } from './inputs/store-file.js'
import { hmacKey, pools } from './inputs/tokens.js'

const ENTRIES_HELD = 100_000
const TOKENS = 256
const CONNECTIONS = 16
/** Connections over which tokens are revoked, one after the other on each. */
const REVOKING_CONNECTIONS = 4
/** The greatest p99 of /check during a burst of revocations, as a multiple of the one without. */
const MOST_P99 = 3
/** Rounds before the first that counts. */
const WARM_UP = 20
const SEED = 'revocade'

interface Slice {
  /** Requests a second. */
  readonly rate: number
  /** Processor time of the server for a request, in nanoseconds; the threads of its store included. */
  readonly cpuNs: number
  readonly p99Ns: number
}

interface Contestant {
  readonly entry: Entry
  readonly server: ServerProcess
  readonly slices: Slice[]
}

interface Measured {
  readonly entry: Pick<Entry, 'name'>
  readonly slices: readonly Slice[]
}

/** A slice of the sidecar during a burst of revocations. */
interface Burst extends Slice {
  /** Revocations a second. */
  readonly revoked: number
}

/** What one run needs. */
interface Parts {
  readonly contestants: readonly Contestant[]
  readonly client: LoadClient
  readonly revoker: LoadClient
}

async function slice({ entry, server }: Contestant, client: LoadClient, ms: number): Promise<Slice> {
  const before = await server.cpuUs()
  const { done, wrong, latenciesNs, elapsedMs } = await client.load({
    port: server.port,
    path: entry.path,
    ms,
  })
  const cpuUs = (await server.cpuUs()) - before
  assertAnswer(wrong === 0, `${entry.name} refused ${wrong} of ${done} good tokens`)
  const p99Ns = quantile(sorted(latenciesNs), 0.99)
  return { rate: (done / elapsedMs) * 1000, cpuNs: (cpuUs * 1000) / done, p99Ns }
}

/** The same while another client revokes as fast as it gets its answers. */
async function burst(sidecar: Contestant, { client, revoker }: Parts, ms: number): Promise<Burst> {
  const load = { port: sidecar.server.adminPort, path: '/revoke', ms, revokes: REVOKER }
  const [found, { done, wrong, elapsedMs }] = await Promise.all([
    slice(sidecar, client, ms),
    revoker.load(load),
  ])
  assertAnswer(wrong === 0, `${wrong} of ${done} revocations failed`)
  return { ...found, revoked: (done / elapsedMs) * 1000 }
}

/** The median over the rounds of a figure, as a share of that of the empty route in the same round. */
function share(one: Contestant, base: Contestant, of: (slice: Slice) => number): number {
  return median(one.slices.map((each, i) => of(each) / of(base.slices[i] ?? each)))
}

function rowsOf(contestants: readonly Contestant[]): Row[] {
  return contestants.flatMap((one): Row[] => {
    const base = contestants.find(({ entry }) => entry.group === one.entry.group)
    if (base === undefined || base === one) return []
    const rate = (of: Contestant): string => quantity(median(of.slices.map(({ rate }) => rate)), '/s')
    const cpu = (of: Contestant): string => duration(median(of.slices.map(({ cpuNs }) => cpuNs)))
    const { name, least } = one.entry
    return [
      {
        what: `${name} ÷ ${base.entry.name}: throughput`,
        value: share(one, base, (each) => each.rate),
        unit: 'x',
        ...(least === undefined ? {} : { target: atLeast(least) }),
        from: `${rate(one)} ÷ ${rate(base)}`,
      },
      {
        what: `${name} ÷ ${base.entry.name}: processor time of a request`,
        value: share(one, base, (each) => each.cpuNs),
        unit: 'x',
        from: `${cpu(one)} ÷ ${cpu(base)}`,
      },
    ]
  })
}

/** The p99 of /check during a burst, as a multiple of the one in the slice before it. */
function burstRow({ entry, slices }: Contestant, bursts: readonly Burst[]): Row {
  const p99 = (of: readonly Slice[]): string => duration(median(of.map(({ p99Ns }) => p99Ns)))
  const rate = quantity(median(bursts.map(({ revoked }) => revoked)), '/s')
  return {
    what: `${entry.name} during a burst of /revoke ÷ without: p99`,
    value: median(bursts.map(({ p99Ns }, i) => p99Ns / (slices[i]?.p99Ns ?? p99Ns))),
    unit: 'x',
    target: atMost(MOST_P99),
    from: `${p99(bursts)} ÷ ${p99(slices)}, ${rate} revoked`,
  }
}

/** The record's form: a sample is the time of a request, over one slice. */
function measured({ entry, slices }: Measured): Measurement {
  const samples = slices.map(({ rate }) => 1e9 / rate)
  return {
    engine: entry.name,
    n: ENTRIES_HELD,
    operation: 'request',
    p50Ns: rounded(median(samples)),
    p99Ns: rounded(median(slices.map(({ p99Ns }) => p99Ns))),
    opsPerSecond: rounded(1e9 / mean(samples)),
    batch: CONNECTIONS,
    samples: samples.map(rounded),
  }
}

/** Starts what is measured, and puts what ends it into `stops`. */
async function started(context: Context, stops: Stop[]): Promise<Parts> {
  const store = await storeFile(context, ENTRIES_HELD)
  const { tokens } = pools(context, { active: TOKENS, revoked: 1 }).active
  const redis = await RedisServer.start()
  stops.push(() => redis[Symbol.asyncDispose]())
  const secret = hmacKey(context).export().toString('hex')
  const start = async (name: string, introspection: string): Promise<ServerProcess> => {
    const given = { store, redis: redis.url, introspection, secret, adminPort: await freePort() }
    const server = await ServerProcess.start(name, given)
    stops.push(() => server.stop())
    return server
  }
  const { port } = await start(INTROSPECTION, '')
  const contestants: Contestant[] = []
  for (const entry of ENTRIES) {
    const server = await start(entry.name, `http://127.0.0.1:${port}/introspect`)
    contestants.push({ entry, server, slices: [] })
  }
  const client = await LoadClient.start({ connections: CONNECTIONS, tokens })
  stops.push(() => client.stop())
  const revoker = await LoadClient.start({ connections: REVOKING_CONNECTIONS, tokens: [] })
  stops.push(() => revoker.stop())
  return { contestants, client, revoker }
}

type Stop = () => Promise<unknown>

/** Writes what was measured, and prints the table. */
function report(
  contestants: readonly Contestant[],
  bursts: readonly Burst[],
  begun: Pick<RecordedCase, 'load'> & { at: Date },
): void {
  const name = 'http'
  const title = 'What a guard costs a server, beside what others ask on each request'
  const seconds = Math.round((Date.now() - begun.at.getTime()) / 1000)
  const sidecar = sidecarOf(contestants)
  const during = { entry: { name: `${SIDECAR}, while it revokes` }, slices: bursts }
  const rows = [...rowsOf(contestants), burstRow(sidecar, bursts)]
  console.log(tableOf(rows))
  if (json === undefined) return
  const record: BenchRecord = {
    format: FORMAT,
    date: begun.at.toISOString(),
    seed: SEED,
    scale: 'full',
    machine: describeMachine(),
    versions: versions(['express', 'fastify', 'ioredis', 'better-sqlite3']),
    cases: [{ name, title, load: begun.load ?? 0, seconds }],
    results: [...contestants, during].map((one) => ({ case: name, ...measured(one) })),
    targets: rows.map((row) => ({ case: name, ...row, value: rounded(row.value) })),
  }
  writeFileSync(json, stringifyRecord(record))
}

/** Rounds below 0 warm up. */
async function oneRound(parts: Parts, bursts: Burst[], round: number): Promise<void> {
  for (const one of rotated(parts.contestants, round + WARM_UP)) {
    const found = await slice(one, parts.client, Number(sliceMs))
    if (round >= 0) one.slices.push(found)
    if (one.entry.name !== SIDECAR) continue
    const during = await burst(one, parts, Number(sliceMs))
    if (round >= 0) bursts.push(during)
  }
}

function sidecarOf(contestants: readonly Contestant[]): Contestant {
  const found = contestants.find(({ entry }) => entry.name === SIDECAR)
  if (found === undefined) throw new Error(`there is no server ${SIDECAR}`)
  return found
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'revocade-bench-http-'))
  const stops: Stop[] = [() => rm(directory, { recursive: true, force: true })]
  try {
    const context: Context = { scale: 'full', directory, seed: SEED, record: () => undefined }
    const parts = await started(context, stops)
    const bursts: Burst[] = []
    const begun = { at: new Date(), load: loadavg()[0] ?? 0 }
    for (let round = -WARM_UP; round < Number(rounds); round++) await oneRound(parts, bursts, round)
    report(parts.contestants, bursts, begun)
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

const {
  values: { rounds, slice: sliceMs, json },
} = parseArgs({
  options: {
    rounds: { type: 'string', default: '120' },
    slice: { type: 'string', default: '100' },
    json: { type: 'string' },
  },
})
await main()
