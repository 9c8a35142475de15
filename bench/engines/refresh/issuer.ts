/**
 * One way of giving out refresh tokens, set up as its documentation says. Where its store can be shared, two
 * servers share it, as behind a load balancer.
 */
export interface Issuer extends AsyncDisposable {
  readonly name: string
  /**
   * What it is held to: `window` and `strict` promise that reuse is noticed, and `window` also that a token
   * which comes again within seconds signs nobody out.
   */
  readonly promises?: 'window' | 'strict'
  /** Logs a user in, and gives the first refresh token. */
  login(user: string): Promise<string>
  /**
   * Sends a refresh token to one of the servers.
   *
   * @returns the refresh token of the answer; undefined when the token was refused. Rejects on anything else
   */
  refresh(token: string, server?: number): Promise<string | undefined>
  /** Lets time pass. Absent where nothing depends on the time within some hours. */
  pass?(seconds: number): void
}

/** One of several servers; they take turns. */
export function serverOf<T>(servers: readonly T[], index: number): T {
  const server = servers[index % servers.length]
  if (server === undefined) throw new Error('there is no server')
  return server
}
