import { parse, View } from 'vega'
import { compile, type Config, type TopLevelSpec } from 'vega-lite'
import type { Chart, Point } from './charts.js'

/** Pixels: a plot is as wide as a phone, so that nothing in it shrinks there. */
const WIDTH = 330
const ROW = 34
const FONT = 'system-ui, sans-serif'

/** Colours are the page's variables, which differ between light and dark: one drawing serves both. */
export const SERIES_COLOURS = 10
const COLOURS = Array.from({ length: SERIES_COLOURS }, (_, i) => `var(--series-${i})`)
const SHAPES = [
  'circle',
  'square',
  'diamond',
  'triangle-up',
  'triangle-down',
  'cross',
  'triangle-right',
  'triangle-left',
  'arrow',
  'stroke',
]

type Format = 'time' | 'number'

/** Draws a chart as SVG, ahead of time: the page needs no script. */
export async function drawPlot(chart: Chart): Promise<string> {
  const spec = chart.kind === 'lines' ? lines(chart) : ranges(chart)
  const view = new View(parse(compile({ ...spec, config: CONFIG }).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return svg
}

const CONFIG: Config = {
  background: 'transparent',
  font: FONT,
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    gridColor: 'var(--line)',
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    gridOpacity: 1,
    labelPadding: 7,
  },
  legend: {
    labelColor: 'var(--text)',
    labelFontSize: 11,
    labelLimit: 150,
    orient: 'bottom',
    direction: 'vertical',
    columns: 2,
    title: null,
    symbolSize: 60,
    symbolOpacity: 1,
  },
}

/** Labels of an axis of nanoseconds: `300 ns`, `2 µs`. */
const TIME_LABEL =
  "datum.value >= 1e9 ? format(datum.value / 1e9, '~g') + ' s' : datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' ms' : " +
  "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' µs' : format(datum.value, '~g') + ' ns'"

const formatOf = (chart: Chart): Format => (chart.quantity.startsWith('time') ? 'time' : 'number')

const axisLabels = (format: Format): object =>
  format === 'time' ? { labelExpr: TIME_LABEL } : { format: '~g' }

/** Powers of ten, with 2 and 5 between them where they are few: a logarithmic axis of Vega's own choice repeats and crowds its labels. */
export function logTicks(least: number, most: number): number[] {
  const decades = Math.log10(most / least)
  const steps = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7]
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    for (const step of steps) ticks.push(Number(`${step}e${power}`))
  }
  return ticks
}

/** Where the axis begins and ends: a little beyond the data. */
function domainOf(points: readonly Point[]): [number, number] {
  const least = Math.min(...points.map(({ value, low = value }) => Math.min(low, value)))
  const most = Math.max(...points.map(({ value, high = value }) => Math.max(high, value)))
  return [least / 1.25, most * 1.25]
}

function scaleOf(points: readonly Point[]): {
  scale: { type: 'log'; domain: [number, number]; nice: false }
  values: number[]
} {
  const domain = domainOf(points)
  return {
    scale: { type: 'log', domain, nice: false },
    values: logTicks(...domain).filter((tick) => tick >= domain[0] && tick <= domain[1]),
  }
}

/** A line for each series over the number of entries, both axes logarithmic. */
function lines(chart: Chart): TopLevelSpec {
  const { points, quantity } = chart
  const { scale, values } = scaleOf(points)
  const series = [...new Set(points.map((point) => point.series))]
  return {
    width: WIDTH - 50,
    height: 230,
    padding: 2,
    autosize: { type: 'pad' },
    data: { values: points.map((point) => ({ ...point })) },
    mark: { type: 'line', point: { filled: true, size: 45 }, strokeWidth: 1.8 },
    encoding: {
      x: {
        field: 'n',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: null, format: '~s', values: [...new Set(points.map(({ n }) => n))], grid: false },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        scale,
        axis: { title: null, values, domain: false, ticks: false, ...axisLabels(formatOf(chart)) },
      },
      color: { field: 'series', type: 'nominal', scale: { domain: series, range: COLOURS } },
      shape: { field: 'series', type: 'nominal', scale: { domain: series, range: SHAPES } },
    },
    description: quantity,
  }
}

/** A row for each series: its name above, the value as a mark, the range as a line. */
function ranges(chart: Chart): TopLevelSpec {
  const { points, quantity } = chart
  const { scale, values } = scaleOf(points)
  const series = [...new Set(points.map((point) => point.series))]
  const groups = [...new Set(points.map((point) => point.group))]
  const y = { field: 'series', type: 'nominal', sort: series, axis: null } as const
  const x = {
    field: 'value',
    type: 'quantitative',
    scale,
    axis: { title: null, values, domain: false, ticks: false, ...axisLabels(formatOf(chart)) },
  } as const
  const color = {
    field: 'group',
    type: 'nominal',
    scale: { domain: groups, range: COLOURS },
    ...(groups.length > 1 ? {} : { legend: null }),
  } as const
  return {
    width: WIDTH,
    height: ROW * series.length,
    padding: 2,
    autosize: { type: 'pad' },
    data: {
      values: points.map(({ low, high, ...point }) => ({
        ...point,
        low: low ?? point.value,
        high: high ?? point.value,
      })),
    },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, opacity: 0.45, strokeCap: 'round', yOffset: 8 },
        encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color },
      },
      { mark: { type: 'point', filled: true, size: 60, opacity: 1, yOffset: 8 }, encoding: { x, y, color } },
      {
        transform: [{ aggregate: [], groupby: ['series'] }],
        mark: { type: 'text', align: 'left', dy: -7, fontSize: 12, color: 'var(--text)' },
        encoding: { x: { value: 0 }, y, text: { field: 'series' } },
      },
    ],
    description: quantity,
  }
}
