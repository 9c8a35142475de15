/** Samples that are kept, one a second. */
export const SAMPLES = 180
const PERIOD_MS = 1000

/** What is counted between two samples. */
export interface Counts {
  /** Answers to proxies. */
  readonly answers: number
  /** Of those, with 401. */
  readonly refused: number
  /** Of those, with 503. */
  readonly undecided: number
}

/** Counts for each second. */
export type Rates = Counts

/** Looks at the counters once a second, and keeps what they were of the last minutes. */
export class Sampler {
  readonly #read: () => Counts
  readonly #now: () => number
  readonly #rates: Rates[] = []
  #last: { readonly counts: Counts; readonly at: number }
  #timer: NodeJS.Timeout | undefined
  readonly #listeners = new Set<() => void>()

  /**
   * @param read - the counters since the start
   * @param now - milliseconds, of a clock that can't be set
   */
  constructor(read: () => Counts, now: () => number = () => performance.now()) {
    this.#read = read
    this.#now = now
    this.#last = { counts: read(), at: now() }
  }

  /** Oldest first, at most {@link SAMPLES}. */
  get rates(): readonly Rates[] {
    return this.#rates
  }

  /** It keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.sample(), PERIOD_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Calls a function after each sample. */
  onSample(listener: () => void): void {
    this.#listeners.add(listener)
  }

  sample(): void {
    const { counts: before, at } = this.#last
    const [counts, now] = [this.#read(), this.#now()]
    // After a pause, a sample is the mean of a longer time.
    const seconds = Math.max(1, now - at) / 1000
    const rate = (name: keyof Counts): number => (counts[name] - before[name]) / seconds
    this.#rates.push({ answers: rate('answers'), refused: rate('refused'), undecided: rate('undecided') })
    if (this.#rates.length > SAMPLES) this.#rates.shift()
    this.#last = { counts, at: now }
    for (const listener of this.#listeners) listener()
  }
}

/** The counters of the answers to proxies. */
export function countsOf(answers: ReadonlyMap<number, number>): Counts {
  const all = [...answers.values()].reduce((sum, value) => sum + value, 0)
  return { answers: all, refused: answers.get(401) ?? 0, undecided: answers.get(503) ?? 0 }
}
