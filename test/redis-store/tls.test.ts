import { afterAll, beforeAll, expect, it } from 'vitest'
import { RedisStore } from '#dist/store/redis/index.js'
import { inDirectory } from '../support/cli.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { makeCertificate, startTls, type TlsFront } from '../support/redis/tls.js'
import { DURABLE } from './support.js'

const certificate = makeCertificate()
let redis: RedisServer
let tls: TlsFront
beforeAll(async () => {
  redis = await startRedis({ args: [...DURABLE, '--requirepass', 'hunter2'] })
  tls = await startTls(redis, certificate)
})
afterAll(async () => {
  tls.close()
  await redis.stop()
})

const dir = inDirectory()
const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })
const url = (host: string): string => `rediss://:hunter2@${host}:${tls.port}`

it('a store is reached by TLS, and again after its connections broke', async () => {
  const place = { url: url('localhost'), tls: { ca: certificate.pem } }
  const one = await open({ store: new RedisStore(place), maxStalenessMs: 100 })
  const other = await open({ store: new RedisStore(place), maxStalenessMs: 100 })
  await one.revoke(token('a'))
  await expect.poll(() => verdict(other, token('a'))).toBe('revoked')
  tls.cut()
  await expect.poll(() => one.revoke(token('b')).then(({ durable }) => durable, String)).toBe('redis')
  await expect.poll(() => verdict(other, token('b'))).toBe('revoked')
  await expect.poll(() => verdict(other, token('never'))).toBe('active')
})

it('the command line trusts the authority of NODE_EXTRA_CA_CERTS', async () => {
  const env = { REVOCADE_STORE: `${url('127.0.0.1')}?prefix=cli`, NODE_EXTRA_CA_CERTS: certificate.path }
  const jti = ['--jti', 'a', '--iss', 'i', '--expires-in', '1h']
  expect(await dir.run(['revoke', ...jti], { env })).toMatchObject({ code: 0 })
  const check = ['check', '--claims-json', '{"jti":"a","iss":"i"}']
  expect(await dir.run(check, { env })).toMatchObject({ code: 1 })
})

it('a certificate that is not trusted is refused, and what to do is said', async () => {
  const store = url('localhost')
  const error: unknown = await open({ store }).catch((error: unknown) => error)
  expect(error).toEqual(ourError('ERR_STORE_UNAVAILABLE', 'self-signed'))
  expect(String(error)).toContain('NODE_EXTRA_CA_CERTS')
  expect(String(error)).not.toContain('hunter2')
})

it('a certificate of another host is refused', async () => {
  const place = { url: url('localhost'), tls: { ca: certificate.pem, servername: 'redis.internal' } }
  await expect(open({ store: new RedisStore(place) })).rejects.toEqual(
    ourError('ERR_STORE_UNAVAILABLE', "certificate's altnames"),
  )
})

it('a server without TLS is refused', async () => {
  const store = `rediss://:hunter2@127.0.0.1:${redis.port}`
  await expect(open({ store })).rejects.toEqual(ourError('ERR_STORE_UNAVAILABLE', 'TLS'))
})
