/** The machine's clocks, which can be put forward together: what an engine does after an hour is seen at once. */
export class MovingClock {
  #ms = 0
  #ns = 0n

  forward(seconds: number): void {
    this.#ms += seconds * 1000
    this.#ns += BigInt(seconds) * 1_000_000_000n
  }

  readonly now = (): number => Date.now() + this.#ms

  // 64 bits, so that V8 adds in a register: a BigInt of any length would be allocated.
  readonly monotonic = (): bigint => BigInt.asUintN(64, process.hrtime.bigint() + this.#ns)
}
