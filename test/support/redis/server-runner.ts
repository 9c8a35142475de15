/** What runs one server and can break it. Its port stays the same from the first start on. */
export interface ServerRunner {
  readonly host: string
  readonly port: number
  /** A Unix socket that leads to the server. */
  readonly socketPath: string
  /**
   * Resolves once the server answers. It must not be running.
   * @param empty Whether what an earlier run left on its disk goes first.
   */
  start(empty: boolean): Promise<void>
  /** True: SIGSTOP; false: SIGCONT. */
  suspend(suspended: boolean): Promise<void>
  /** SIGKILL. Resolves once it is gone. */
  kill(): Promise<void>
  /** Kills it and leaves nothing behind. */
  remove(): Promise<void>
}
