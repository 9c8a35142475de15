import Fastify from 'fastify'
import type { Revocade } from 'revocade'
import { revocadePlugin as fastifyPlugin } from 'revocade/fastify'
import { revocadePlugin as hapiPlugin } from 'revocade/hapi'
import { forKoaJwt } from 'revocade/koa'
import { forPassportJwt } from 'revocade/passport'
import { MemoryStore } from 'revocade/testing'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'

describe('a mistake in the set-up is refused before the first request', () => {
  const noEngine = ourError('ERR_CONFIG', 'await createRevocade()')

  it.each([undefined, {}, Promise.resolve({})])('a plugin without an engine: %s', async (wrong) => {
    const engine = wrong as unknown as Revocade
    await expect(Fastify().register(fastifyPlugin, { engine }).ready()).rejects.toThrow(noEngine)
    expect(() => hapiPlugin.register({} as never, { engine })).toThrow(noEngine)
  })

  it('a plugin that is registered twice', async () => {
    const engine = await open({ store: new MemoryStore() })
    const fastify = Fastify().register(fastifyPlugin, { engine }).register(fastifyPlugin, { engine })
    await expect(fastify.ready()).rejects.toThrow('revocade')
  })

  it('a plugin with a mistyped option, which would leave all routes open', async () => {
    const options = { engine: await open({ store: new MemoryStore() }), gaurd: {} }
    const refused = ourError('ERR_CONFIG', "did you mean 'guard'")
    await expect(Fastify().register(fastifyPlugin, options).ready()).rejects.toThrow(refused)
    expect(() => hapiPlugin.register({} as never, options)).toThrow(refused)
    const { engine } = options
    const fastify = Fastify().register(fastifyPlugin, { engine, prefix: '/a', logLevel: 'warn' } as never)
    await expect(fastify.ready()).resolves.toBeDefined()
  })

  it('a plugin whose guard has an option that is none', async () => {
    const options = {
      engine: await open({ store: new MemoryStore() }),
      guard: { onUnknown: 'none' as never },
    }
    const refused = ourError('ERR_CONFIG', "option 'onUnknown'")
    await expect(Fastify().register(fastifyPlugin, options).ready()).rejects.toThrow(refused)
    expect(() => hapiPlugin.register({ decorate: () => undefined } as never, options)).toThrow(refused)
  })

  it('a library without its function', async () => {
    const engine = await open({ store: new MemoryStore() })
    const noFunction = ourError('ERR_CONFIG', 'must be a function')
    expect(() => forKoaJwt(engine, undefined as never)).toThrow(noFunction)
    expect(() => forPassportJwt(engine, {} as never)).toThrow(noFunction)
  })
})
