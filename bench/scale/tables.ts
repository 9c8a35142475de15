import { connections, filters, pollsInFlight, pollsPerSecond, prefilterBytes, wakeUps } from './model.js'

const REVOCATIONS = [1e5, 1e6, 1e7, 1e8, 1e9]
const ENGINES = [3, 30, 300, 1000, 10_000]
const POLL_MS = 2
const COMMITS = 10

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`

function memory(): string {
  const rows = REVOCATIONS.map((count) => {
    const bytes = prefilterBytes(count)
    const size =
      bytes === undefined
        ? `too large for one filter: ${filters(count).toFixed(1)} times the largest`
        : `${(bytes / 2 ** 20).toPrecision(3)} MiB`
    return line([whole(count), size])
  })
  return line(['live revocations', 'prefilter in each process']) + line(['---:', '---']) + rows.join('')
}

function polls(): string {
  const head = ['engines', 'polls/s, Δ 1 s', 'polls/s, Δ 5 s', 'on their way', 'connections', 'wake-ups/s']
  const rows = ENGINES.map((count) =>
    line([
      whole(count),
      whole(pollsPerSecond(count, 1000)),
      whole(pollsPerSecond(count, 5000)),
      pollsInFlight(count, 1000, POLL_MS).toPrecision(2),
      whole(connections(count)),
      whole(wakeUps(count, COMMITS)),
    ]),
  )
  return line(head) + line(head.map(() => '---:')) + rows.join('')
}

/** The page with its tables computed anew. */
export function withTables(page: string): string {
  return [
    ['memory', memory()],
    ['polls', polls()],
  ].reduce((text, [name = '', table = '']) => {
    const [start, end] = [`<!-- ${name}:start -->\n`, `<!-- ${name}:end -->`]
    const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)]
    if (from < start.length || to < from) throw new Error(`the page has no part '${name}'`)
    return `${text.slice(0, from)}\n${table}\n${text.slice(to)}`
  }, page)
}
