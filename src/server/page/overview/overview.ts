import type { Stats } from '../../../api.js'
import { newest } from '../changes/newest.js'
import type { Html } from '../html.js'
import { chartValues, type LiveValues } from '../live/charts.js'
import { countsOf, Sampler } from '../live/sampler.js'
import type { PageParts } from '../page-parts.js'
import type { ShownRow } from '../shown-row.js'
import { answerTexts, figureTexts } from './figures.js'
import { problemsIn } from './problems.js'
import { problemsView, timeText } from './problems-view.js'

/** Changes that the overview shows. */
const NEWEST = 5

/** The state as a part of a page. */
export interface State {
  /** Changes when the section says something else, but for the time. */
  readonly key: string
  readonly section: Html
  readonly storeWorks: boolean
}

/** What the overview says, for the page and for those that are open. */
export class Overview {
  readonly sampler: Sampler
  readonly #parts: Pick<PageParts, 'engine' | 'readiness' | 'settings' | 'answers'>

  constructor(parts: Pick<PageParts, 'engine' | 'readiness' | 'settings' | 'answers'>) {
    this.#parts = parts
    this.sampler = new Sampler(() => countsOf(parts.answers))
  }

  get answers(): ReadonlyMap<number, number> {
    return this.#parts.answers
  }

  /** Undefined where the engine has none. */
  stats(): Stats | undefined {
    try {
      return this.#parts.engine.stats()
    } catch {
      return undefined
    }
  }

  /** What is wrong. */
  async state(): Promise<State> {
    const { readiness, settings } = this.#parts
    const unready = await readiness.problem()
    const stats = this.stats()
    const verifies = settings.verification !== undefined
    const problems = problemsIn({ stats, unready, verifies, byPolicy: stats?.decided.policy ?? 0 })
    return {
      key: JSON.stringify(problems),
      section: problemsView(problems, Date.now()),
      storeWorks: unready?.includes('store') !== true,
    }
  }

  /** What changes from second to second. */
  values(): LiveValues {
    const stats = this.stats()
    const { texts, paths } = chartValues(this.sampler.rates)
    const figures = stats === undefined ? {} : figureTexts(stats)
    const answered = answerTexts(this.answers)
    return { texts: { ...texts, ...figures, ...answered, time: timeText(Date.now()) }, paths }
  }

  /** The newest changes; undefined where the store can't be asked. */
  async changes(): Promise<readonly ShownRow[] | undefined> {
    try {
      return await newest(this.#parts.engine, NEWEST)
    } catch {
      return undefined
    }
  }
}
