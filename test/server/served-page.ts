import { afterAll } from 'vitest'
import { EDITOR, sidecar, VIEWER } from './sidecar.js'
import { Visitor } from './visitor.js'

/**
 * A server for the tests of a file, with an editor and a viewer who are signed in to its page. It is closed
 * after the tests.
 */
export async function servedPage(options?: Parameters<typeof sidecar>[0]) {
  const server = await sidecar(options)
  afterAll(() => server.close())
  const signedIn = async (token: string): Promise<Visitor> => {
    const visitor = new Visitor(server.admin)
    await visitor.logIn(token)
    return visitor
  }
  return { server, editor: await signedIn(EDITOR), viewer: await signedIn(VIEWER) }
}
