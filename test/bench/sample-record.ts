import { type BenchRecord, FORMAT, type RecordedMeasurement } from '../../bench/harness/record.js'

/** A measurement whose samples lie evenly around a time, within so many per cent. */
export function measured(
  engine: string,
  p50Ns: number,
  about: Partial<RecordedMeasurement> = {},
  { spread = 2, count = 101 }: { readonly spread?: number; readonly count?: number } = {},
): RecordedMeasurement {
  const samples = Array.from(
    { length: count },
    (_, i) => p50Ns * (1 + (((i / (count - 1)) * 2 - 1) * spread) / 100),
  )
  return {
    case: 'check',
    engine,
    n: 1000,
    p50Ns,
    p99Ns: samples.at(-1) ?? p50Ns,
    opsPerSecond: 1e9 / p50Ns,
    batch: 512,
    samples,
    ...about,
  }
}

export function recordOf(...results: readonly RecordedMeasurement[]): BenchRecord {
  return {
    format: FORMAT,
    date: '2026-01-02T03:04:05.000Z',
    seed: 'seed',
    scale: 'full',
    machine: { cpu: 'a processor', cores: 2, memory: '4 GiB', platform: 'linux x64' },
    versions: { node: '20.19.0', revocade: '0.1.0' },
    cases: [...new Set(results.map((result) => result.case))].map((name) => ({
      name,
      title: `The case ${name}`,
      load: 0.5,
      seconds: 1,
    })),
    results,
    targets: [
      {
        case: 'check',
        what: 'check ÷ its parts',
        value: 1.2,
        unit: 'x',
        target: { at: 'most', value: 1.4 },
        from: '120 ns ÷ 100 ns',
      },
    ],
  }
}
