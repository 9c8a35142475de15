// log-update covers only drawing lines in place. The alternate screen, raw keys, suspension and resizing
// would stay.
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l' // alternate screen, no cursor, no wrapping
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

const CTRL_C = '\u0003'
const CTRL_Z = '\u001a'

/** Called when the user or the terminal does something. */
export interface ScreenHandlers {
  /** The user pressed q or Ctrl-C. */
  readonly onQuit: () => void
  /** The size has changed, or the screen was cleared. */
  readonly onRedraw: () => void
}

/** Whether stdout is a terminal that can be drawn on. */
export function canDraw(): boolean {
  return process.stdout.isTTY && process.env.TERM !== 'dumb'
}

/** Draws on the alternate screen of a terminal, and restores the terminal at any end but SIGKILL. */
export class Screen {
  readonly #handlers: ScreenHandlers
  #open = false

  constructor(handlers: ScreenHandlers) {
    this.#handlers = handlers
    process.once('exit', this.#leave)
    process.on('SIGCONT', this.#onContinue)
    process.stdout.on('resize', this.#onResize)
    this.#enter()
  }

  /** The size of the terminal; 80 by 24 if it has none, as under scripts. */
  get size(): { readonly width: number; readonly height: number } {
    const { columns, rows } = process.stdout
    return { width: columns > 0 ? columns : 80, height: rows > 0 ? rows : 24 }
  }

  /** Replaces what is on the screen. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return
    process.stdout.write(HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW)
  }

  /** Restores the terminal. */
  close(): void {
    process.off('exit', this.#leave)
    process.off('SIGCONT', this.#onContinue)
    process.stdout.off('resize', this.#onResize)
    this.#leave()
  }

  #enter(): void {
    this.#open = true
    process.stdout.write(ENTER)
    const { stdin } = process
    if (!stdin.isTTY) return
    stdin.setRawMode(true)
    stdin.on('data', this.#onKeys)
    stdin.resume()
  }

  readonly #leave = (): void => {
    if (!this.#open) return
    this.#open = false
    process.stdout.write(LEAVE)
    const { stdin } = process
    if (!stdin.isTTY) return
    stdin.off('data', this.#onKeys)
    stdin.setRawMode(false)
    stdin.pause()
  }

  readonly #onKeys = (bytes: Uint8Array): void => {
    const keys = Buffer.from(bytes).toString('latin1')
    if (/[qQ]/.test(keys) || keys.includes(CTRL_C)) this.#handlers.onQuit()
    // In raw mode Ctrl-Z sends no signal, so the process suspends itself.
    else if (keys.includes(CTRL_Z)) this.#suspend()
  }

  #suspend(): void {
    this.#leave()
    process.kill(process.pid, 'SIGTSTP')
  }

  readonly #onContinue = (): void => {
    if (!this.#open) this.#enter()
    this.#handlers.onRedraw()
  }

  readonly #onResize = (): void => this.#handlers.onRedraw()
}
