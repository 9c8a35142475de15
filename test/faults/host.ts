import type { RevocadeOptions, Stats, Token } from 'revocade'
import { Callee } from '../support/process.js'

const SCRIPT = new URL('children/host.mjs', import.meta.url)

type HostOptions = RevocadeOptions & { readonly store: string; readonly storeOptions?: object }

/** A process with an engine. */
export class Host extends Callee {
  /** A process that is up, without an engine yet. */
  static async start(): Promise<Host> {
    const host = new Host(SCRIPT)
    await host.up
    return host
  }

  static async open(options: HostOptions): Promise<Host> {
    const host = await Host.start()
    await host.open(options)
    return host
  }

  open(options: HostOptions): Promise<unknown> {
    return this.call('open', options)
  }

  async revoke(token: Token, options?: object): Promise<number> {
    return (await this.call('revoke', { token, options })) as number
  }

  async revokeWhere(selector: object, options?: object): Promise<number> {
    return (await this.call('revokeWhere', { selector, options })) as number
  }

  async unrevoke(token: Token): Promise<number> {
    return (await this.call('unrevoke', { token })) as number
  }

  async verdicts(tokens: readonly Token[]): Promise<string[]> {
    return (await this.call('verdicts', { tokens })) as string[]
  }

  /** Blocks its event loop. Resolves with the answers of `isClearlyActive` and `check` from the same turn. */
  async stall(ms: number, tokens: readonly Token[]): Promise<{ direct: boolean[]; asked: string[] }> {
    return (await this.call('stall', { ms, tokens })) as { direct: boolean[]; asked: string[] }
  }

  /** As `stall`, from a moment at which it creates the file `begun` until there is a file `over`. */
  async stallBetween(
    begun: string,
    over: string,
    tokens: readonly Token[],
  ): Promise<{ direct: boolean[]; asked: string[] }> {
    return (await this.call('stallBetween', { begun, over, tokens })) as {
      direct: boolean[]
      asked: string[]
    }
  }

  async stats(): Promise<Stats> {
    return (await this.call('stats')) as Stats
  }

  close(): Promise<unknown> {
    return this.call('close')
  }
}
