import { bytes } from '../output/format-numbers.js'
import { few, time } from './candidate-rows.js'
import { type Axis, type Chart, type ChartPoint, placeOn } from './chart.js'
import { tickText } from './plot.js'

const [WIDTH, HEIGHT] = [720, 420]
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 16, 28, 48]

/** The trade-off as SVG, coloured by the classes of the page that it stands in. A point says what it is when it is pointed at. */
export function plotSvg(chart: Chart): string {
  const x = (value: number): number | undefined =>
    scaled(chart.x, value, (place) => LEFT + place * (WIDTH - LEFT - RIGHT))
  const y = (value: number): number | undefined =>
    scaled(chart.y, value, (place) => HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM))
  const across = (at: number, kind: string): string =>
    `<line class="${kind}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`
  const upright = (at: number, kind: string): string =>
    `<line class="${kind}" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`
  const parts: string[] = []
  for (const tick of chart.y.ticks) {
    const at = y(tick)
    if (at === undefined) continue
    parts.push(
      across(at, 'grid'),
      `<text class="tick" x="${LEFT - 8}" y="${at + 4}" text-anchor="end">${tickText(tick)}</text>`,
    )
  }
  for (const tick of xTicks(chart.x)) {
    const at = x(tick)
    if (at === undefined) continue
    parts.push(
      upright(at, 'grid'),
      `<text class="tick" x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${bytes(tick)}</text>`,
    )
  }
  const [memory, reads] = [
    chart.memory === undefined ? undefined : x(chart.memory),
    chart.storeReads === undefined ? undefined : y(chart.storeReads),
  ]
  if (memory !== undefined) parts.push(upright(memory, 'budget'))
  if (reads !== undefined) parts.push(across(reads, 'budget'))
  parts.push(...curves(chart, x, y), ...chart.points.map((point) => dot(point, x(point.x), y(point.y))))
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Memory of each candidate against the false positives that reach the store">
<text class="label" x="${LEFT}" y="16">false positives a day that reach the store</text>
${parts.join('\n')}
<text class="label" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">memory in a process</text>
</svg>`
}

/** Powers of two, four or sixteen apart: bytes are counted in these. */
function xTicks({ least, most }: Axis): number[] {
  const step = Math.log2(most / least) > 10 ? 16 : 4
  const ticks: number[] = []
  for (let tick = step ** Math.ceil(Math.log2(least) / Math.log2(step)); tick <= most; tick *= step)
    ticks.push(tick)
  return ticks
}

function scaled(axis: Axis, value: number, to: (place: number) => number): number | undefined {
  const place = placeOn(axis, value)
  return place === undefined ? undefined : Math.round(to(place) * 10) / 10
}

type Scale = (value: number) => number | undefined

/** What differs in nothing but its size is one curve. */
function curves({ points }: Chart, x: Scale, y: Scale): string[] {
  return [...groupsOf(points).values()]
    .filter((group) => group.length > 1)
    .map((group) => {
      const way = [...group].sort((a, b) => a.x - b.x).map((point) => `${x(point.x) ?? 0},${y(point.y) ?? 0}`)
      return `<polyline class="curve" points="${way.join(' ')}"/>`
    })
}

function groupsOf(points: readonly ChartPoint[]): Map<string, ChartPoint[]> {
  const groups = new Map<string, ChartPoint[]>()
  for (const point of points) {
    const { prefilter, redis } = point.prediction.candidate
    const name = `${prefilter.kind} ${String(redis)}`
    groups.set(name, [...(groups.get(name) ?? []), point])
  }
  return groups
}

function dot({ letter, prediction, chosen, fits }: ChartPoint, x = 0, y = 0): string {
  const { candidate, memoryBytes, meanNs, falseStoreReadsPerDay } = prediction
  const title = `${candidate.name}: ${bytes(memoryBytes)}, ${few(falseStoreReadsPerDay)} reads a day, ${time(meanNs)} a check`
  const kind = chosen ? 'chosen' : fits ? (candidate.redis ? 'redis' : 'fits') : 'beyond'
  return `<g class="${kind}"><title>${title}</title><circle cx="${x}" cy="${y}" r="${chosen ? 10 : 8}"/><text x="${x}" y="${y + 4}" text-anchor="middle">${chosen ? letter.toUpperCase() : letter}</text></g>`
}
