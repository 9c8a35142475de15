import { createRevocade, type Revocade, type RevocadeOptions, type Token } from 'revocade'
import { onTestFinished, TestRunner } from 'vitest'

/** An engine in this process. The end of the test closes it; a hook closes its own. */
export async function open(options: RevocadeOptions): Promise<Revocade> {
  const engine = await createRevocade(options)
  if (TestRunner.getCurrentTest() !== undefined) onTestFinished(() => engine.close())
  return engine
}

/** The status of a token, as a request handler gets it: the synchronous look first. */
export async function verdict(engine: Revocade, token: Token): Promise<string> {
  return engine.isClearlyActive(token) ? 'active' : (await engine.check(token)).status
}
