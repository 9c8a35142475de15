/** The machine's two clocks, which a case can put forward, to see what an engine does an hour later. */
export class MovingClock {
  #ms = 0
  #ns = 0n

  forward(seconds: number): void {
    this.#ms += seconds * 1000
    this.#ns += BigInt(seconds) * 1_000_000_000n
  }

  readonly now = (): number => Date.now() + this.#ms

  // 64 bits, so that V8 adds in a register and allocates no BigInt.
  readonly monotonic = (): bigint => BigInt.asUintN(64, process.hrtime.bigint() + this.#ns)
}
