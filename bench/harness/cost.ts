/** What some work cost this process. */
export interface Cost {
  readonly ms: number
  /** Of this process: that of a server is not in it. */
  readonly cpuMs: number
  /** The longest time without a turn of the event loop. */
  readonly stallMs: number
}

/** Measures what some work costs. */
export async function costOf<T>(work: () => Promise<T>): Promise<Cost & { readonly result: T }> {
  let [stallMs, last] = [0, performance.now()]
  const timer = setInterval(() => {
    const now = performance.now()
    stallMs = Math.max(stallMs, now - last - 1)
    last = now
  }, 1)
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  clearInterval(timer)
  return { result, ms: performance.now() - started, cpuMs: (user + system) / 1000, stallMs }
}
