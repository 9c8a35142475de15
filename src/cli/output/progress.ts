import cliProgress from 'cli-progress'

// A CommonJS module whose names Node does not see.
const { Format, SingleBar } = cliProgress

/** A bar on stderr while there is somebody to see it. All methods do nothing otherwise. */
export class Progress {
  readonly #bar: cliProgress.SingleBar | undefined
  readonly #started = performance.now()

  /** `total` undefined: unknown, only the count and the rate are shown. */
  constructor(label: string, unit: string, total: number | undefined, enabled = true) {
    if (!enabled || !process.stderr.isTTY) return
    this.#bar = new SingleBar({
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      fps: 8,
      barsize: 24,
      barCompleteChar: '\u2588',
      barIncompleteChar: '\u2591',
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

  /** `value` is towards the total (bytes, say); `count` is what is shown, where that is something else. */
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

/** A bar over named steps, for work whose parts are of different kinds. */
export class StepProgress {
  readonly #bar: cliProgress.SingleBar | undefined

  constructor(enabled: boolean) {
    if (!enabled || !process.stderr.isTTY) return
    this.#bar = new SingleBar({
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      fps: 8,
      barsize: 24,
      format: '{bar} {percentage}%  {step}',
      barCompleteChar: '\u2588',
      barIncompleteChar: '\u2591',
    })
    this.#bar.start(100, 0, { step: '' })
  }

  /** `share` from 0 to 1 of the whole. */
  show(step: string, share: number): void {
    this.#bar?.update(Math.round(share * 100), { step })
  }

  stop(): void {
    this.#bar?.stop()
  }
}
