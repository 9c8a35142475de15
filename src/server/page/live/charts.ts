import { type Html, html } from '../html.js'
import { count } from '../words.js'
import { type Rates, SAMPLES } from './sampler.js'

const WIDTH = 180
const HEIGHT = 36

const CHARTS = [
  { name: 'answers', title: 'Answers to proxies' },
  { name: 'refused', title: 'Refused (401)' },
  { name: 'undecided', title: 'Not decided (503)' },
] as const satisfies readonly { readonly name: keyof Rates; readonly title: string }[]

/** What changes in pages that are open: texts and paths of SVG by the names of their places. */
export interface LiveValues {
  readonly texts: Readonly<Record<string, string>>
  readonly paths: Readonly<Record<string, string>>
}

/** The rates as charts without axes. Beside each is what it shows, as text. */
export function chartsView(rates: readonly Rates[]): Html {
  const { texts, paths } = chartValues(rates)
  return html`<ul class="figures charts">
    ${CHARTS.map(
      ({ name, title }) =>
        html`<li>
          <span class="name">${title}</span>
          <span class="value"><span data-text="${name}">${texts[name]}</span> <small>per second</small></span>
          <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
            <path class="area" data-path="${name}-area" d="${paths[`${name}-area`]}" />
            <path class="line" data-path="${name}" d="${paths[name]}" />
          </svg>
          <span class="quiet"
            >at most <span data-text="${name}-most">${texts[`${name}-most`]}</span> in the last 3
            minutes</span
          >
        </li>`,
    )}
  </ul>`
}

/** The texts and paths of {@link chartsView}. */
export function chartValues(rates: readonly Rates[]): LiveValues {
  const texts: Record<string, string> = {}
  const paths: Record<string, string> = {}
  for (const { name } of CHARTS) {
    const values = rates.map((rate) => rate[name])
    const most = Math.max(0, ...values)
    texts[name] = rateText(values.at(-1) ?? 0)
    texts[`${name}-most`] = rateText(most)
    const points = values.map((value, i) => {
      const x = (WIDTH * (SAMPLES - values.length + i)) / (SAMPLES - 1)
      // A line of nothing lies on the ground, not in the middle.
      return `${x.toFixed(1)} ${(HEIGHT - 1 - (HEIGHT - 3) * (value / Math.max(most, 1))).toFixed(1)}`
    })
    const line = points.length < 2 ? '' : `M${points.join('L')}`
    const [first = '0'] = points[0]?.split(' ') ?? []
    paths[name] = line
    paths[`${name}-area`] = line === '' ? '' : `${line}L${WIDTH} ${HEIGHT}L${first} ${HEIGHT}Z`
  }
  return { texts, paths }
}

/** Whole numbers, but with a digit more where there are few. */
const rateText = (rate: number): string => (rate > 0 && rate < 9.95 ? rate.toFixed(1) : count(rate))
