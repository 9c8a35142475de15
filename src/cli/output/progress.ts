import cliProgress from 'cli-progress'

// Node.js does not see the named exports of this CommonJS module.
const { Format, SingleBar } = cliProgress

/** How all bars are drawn. */
const DRAWN = {
  stream: process.stderr,
  clearOnComplete: true,
  hideCursor: true,
  fps: 8,
  barsize: 24,
  barCompleteChar: '\u2588',
  barIncompleteChar: '\u2591',
} as const

/** A progress bar on stderr. Without a terminal all methods do nothing. */
export class Progress {
  readonly #bar: cliProgress.SingleBar | undefined
  readonly #started = performance.now()

  /** @param total - undefined if not known: then only the count and the rate are shown */
  constructor(label: string, unit: string, total: number | undefined, enabled = true) {
    if (!enabled || !process.stderr.isTTY) return
    this.#bar = new SingleBar({
      ...DRAWN,
      format: (options, { progress, value }, payload: { count?: number }) => {
        const count = payload.count ?? value
        const rate = count / ((performance.now() - this.#started) / 1000)
        const bar =
          total === undefined ? '' : `${Format.BarFormat(progress, options)} ${Math.floor(progress * 100)}%  `
        return `${label} ${bar}${whole(count)} ${unit}, ${whole(rate)}/s`
      },
    })
    this.#bar.start(total ?? 0, 0)
  }

  /**
   * @param value - progress in the unit of the total, such as bytes
   * @param count - the number to show, if it is not the progress
   */
  update(value: number, count = value): void {
    this.#bar?.update(value, { count })
  }

  stop(): void {
    this.#bar?.stop()
  }
}

function whole(value: number): string {
  return Math.round(Number.isFinite(value) ? value : 0).toLocaleString('en')
}

/** A progress bar with named steps, for work in parts of different kinds. */
export class StepProgress {
  readonly #bar: cliProgress.SingleBar | undefined

  constructor(enabled: boolean) {
    if (!enabled || !process.stderr.isTTY) return
    this.#bar = new SingleBar({ ...DRAWN, format: '{bar} {percentage}%  {step}' })
    this.#bar.start(100, 0, { step: '' })
  }

  /** @param share - how much of the whole work is done, from 0 to 1 */
  show(step: string, share: number): void {
    this.#bar?.update(Math.round(share * 100), { step })
  }

  stop(): void {
    this.#bar?.stop()
  }
}
