import type { ErrorReport } from '../errors.js'
import { counted } from './counted.js'
import { note } from './print.js'

/** The most bad lines shown one by one: a file of the wrong kind may have a million. */
const SHOWN = 20

/** Reports bad lines on stderr: the first few with their reason, the rest as a count. */
export class LineReporter {
  count = 0
  readonly #json: boolean

  constructor(options: { readonly json?: boolean }) {
    this.#json = options.json === true
  }

  report(line: number, error: ErrorReport): void {
    this.count++
    if (this.count > SHOWN) return
    const { code, message } = error
    process.stderr.write(
      this.#json
        ? `${JSON.stringify({ line, error: { code, message } })}\n`
        : `line ${line}: ${code}: ${message}\n`,
    )
  }

  end(): void {
    if (this.count > SHOWN)
      note(`${counted(this.count - SHOWN, 'more bad line')}, not shown`, { json: this.#json })
  }
}
