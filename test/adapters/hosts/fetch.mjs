import { getRequestListener } from '@hono/node-server'
import { createServer } from 'node:http'
import { guard } from 'revocade/fetch'
import { listen } from './express.mjs'

/** Plain functions from a Request to a Response, in the place of Next.js, h3, Elysia or Yoga. */
export function start({ engine, dark, verify, unreachable }) {
  // What a verifier that ran before has left.
  const users = new WeakMap()
  const guards = new Map([
    ['/plain', guard(engine)],
    ['/verified', guard(engine, { verify })],
    ['/optional', guard(engine, { required: false })],
    ['/claims', guard(engine, { claims: (request) => users.get(request) })],
    ['/no-keys', guard(engine, { verify: unreachable })],
    ...['throw', 'revoked', 'active'].map((onUnknown) => [
      `/unknown/${onUnknown}`,
      guard(dark, { onUnknown, verify }),
    ]),
  ])
  const respond = async (request) => {
    const { pathname } = new URL(request.url)
    const token = request.headers.get('authorization')?.slice('Bearer '.length)
    if (pathname === '/claims' && token) users.set(request, await verify(token))
    const { refused, claims } = await guards.get(pathname)(request)
    return refused ?? Response.json({ claims: claims ?? null })
  }
  return listen(createServer(getRequestListener(respond)))
}
