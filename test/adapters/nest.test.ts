import { RevocadeGuard } from 'revocade/nest'
import { describe, expect, it } from 'vitest'
import { ourError } from '../support/errors.js'
import { adapterSuite, hosted, type StartHost } from './case-table.js'

interface Module {
  readonly start: (platform: string, ...rest: Parameters<StartHost>) => ReturnType<StartHost>
}

const load = (path: string): Promise<unknown> => import(path)
const startOn =
  (platform: string): StartHost =>
  async (world) => {
    const { start } = (await load('./hosts/nest.mjs')) as Module
    return start(platform, world)
  }

describe('on Nest with Express', () => {
  adapterSuite(hosted(startOn('express')))
})

describe('on Nest with Fastify', () => {
  adapterSuite(hosted(startOn('fastify')))
})

describe('a guard of Nest', () => {
  it('refuses what is no request of HTTP', async () => {
    const engine = { isClearlyActive: () => true, check: () => Promise.reject(new Error('not asked')) }
    const context = {
      getType: () => 'rpc',
      switchToHttp: () => ({ getRequest: Object, getResponse: Object }),
    }
    await expect(new RevocadeGuard(engine).canActivate(context)).rejects.toEqual(
      ourError('ERR_CONFIG', 'HTTP only'),
    )
  })
})
