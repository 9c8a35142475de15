import 'reflect-metadata'
import { All, Controller, Module, Req, UseGuards } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { RevocadeGuard } from 'revocade/nest'

/** The application of the case table, on one of Nest's platforms. */
export async function start(platform, { engine, dark, verify, unreachable }) {
  // A guard of an application that verifies, and knows nothing of revocation.
  const verifier = {
    canActivate: async (context) => {
      const request = context.switchToHttp().getRequest()
      const [, token] = (request.headers.authorization ?? '').split(' ')
      if (token) request.user = await verify(token)
      return true
    },
  }
  const routes = [
    ['plain', new RevocadeGuard(engine)],
    ['verified', new RevocadeGuard(engine, { verify })],
    ['optional', new RevocadeGuard(engine, { required: false })],
    ['claims', verifier, new RevocadeGuard(engine, { claims: ({ user }) => user })],
    ['no-keys', new RevocadeGuard(engine, { verify: unreachable })],
    ...['throw', 'revoked', 'active'].map((onUnknown) => [
      `unknown/${onUnknown}`,
      new RevocadeGuard(dark, { onUnknown, verify }),
    ]),
  ]
  class Routes {}
  for (const [path, ...guards] of routes) {
    Routes.prototype[path] = (request) => ({ claims: request.user ?? null })
    const descriptor = Object.getOwnPropertyDescriptor(Routes.prototype, path)
    All(path)(Routes.prototype, path, descriptor)
    UseGuards(...guards)(Routes.prototype, path, descriptor)
    Req()(Routes.prototype, path, 0)
  }
  Controller()(Routes)
  class Application {}
  Module({ controllers: [Routes] })(Application)
  const app = await NestFactory.create(Application, await adapterOf(platform), { logger: false })
  await app.listen(0, '127.0.0.1')
  return { port: app.getHttpServer().address().port, close: () => app.close() }
}

async function adapterOf(platform) {
  if (platform === 'fastify') return new (await import('@nestjs/platform-fastify')).FastifyAdapter()
  return new (await import('@nestjs/platform-express')).ExpressAdapter()
}
