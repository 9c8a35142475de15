import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ENGINE_SETTINGS, SERVER_SETTINGS, variableOf } from '#dist/cli/serve/settings.js'
import { openRedisStore } from '../redis-store/support.js'
import { ROOT } from '../support/markdown.js'
import { startRedis } from '../support/redis/server.js'

const FOLDER = join(ROOT, 'docs/deploy/kubernetes')
const FILES = readdirSync(FOLDER)
/** What is applied together. */
const SETS = [
  ['sidecar.yaml', 'postgres.yaml', 'redis.yaml'],
  ['sidecar.yaml', 'redis-store.yaml'],
]

function read(file: string): unknown[] {
  return parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'), { strict: true }).map((document) => {
    expect([...document.errors, ...document.warnings], file).toEqual([])
    return document.toJS() as unknown
  })
}

/** All values of a member of that name, however deep. */
function all(node: unknown, name: string): unknown[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === name ? [value, ...all(value, name)] : all(value, name),
  )
}

/** The value at a path; undefined if a part of it is missing. */
const at = (node: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (one, key) => (typeof one === 'object' && one !== null ? Reflect.get(one, key) : undefined),
      node,
    )

const ofKind = (documents: readonly unknown[], kind: string): unknown[] =>
  documents.filter((document) => at(document, 'kind') === kind)
const names = (documents: readonly unknown[], kind: string): unknown[] =>
  ofKind(documents, kind).map((document) => at(document, 'metadata.name'))

describe.each(FILES)('%s', (file) => {
  const documents = read(file)

  it('has objects with a kind and a name, whose selectors fit their pods', () => {
    for (const document of documents) {
      expect(at(document, 'apiVersion')).toMatch(/^(v1|apps\/v1|networking\.k8s\.io\/v1)$/)
      expect(at(document, 'metadata.name')).toMatch(/^[a-z][a-z\d-]*$/)
      const template = at(document, 'spec.template')
      if (template === undefined) continue
      expect(at(template, 'metadata.labels')).toEqual(at(document, 'spec.selector.matchLabels'))
    }
    const labels = documents.map((document) => at(document, 'spec.template.metadata.labels'))
    for (const kind of ['Service', 'NetworkPolicy'])
      for (const one of ofKind(documents, kind))
        expect(labels).toContainEqual(
          at(one, kind === 'Service' ? 'spec.selector' : 'spec.podSelector.matchLabels'),
        )
  })

  it('mounts the volumes that it has', () => {
    const volumes = all(documents, 'volumeClaimTemplates')
      .flat()
      .map((one) => at(one, 'metadata.name'))
    for (const mount of all(documents, 'volumeMounts').flat()) expect(volumes).toContain(at(mount, 'name'))
  })

  it('sets variables that there are', () => {
    const known = [...SERVER_SETTINGS, ...ENGINE_SETTINGS].map(variableOf)
    const set = all(documents, 'env')
      .flat()
      .map((one) => String(at(one, 'name')))
    for (const name of set.filter((one) => one.startsWith('REVOCADE_'))) expect(known).toContain(name)
  })
})

describe.each(SETS)('%s and what goes with it', (...files) => {
  const documents = files.flatMap(read)

  it('has the secrets that it names', () => {
    const secrets = ofKind(documents, 'Secret')
    expect(secrets).toHaveLength(1)
    for (const reference of all(documents, 'secretKeyRef')) {
      const secret = secrets.find((one) => at(one, 'metadata.name') === at(reference, 'name'))
      expect(at(secret, `stringData.${String(at(reference, 'key'))}`)).toBeTypeOf('string')
    }
  })

  it('names services and ports that there are', () => {
    const urls = JSON.stringify(documents).match(/(?:postgres|redis):\/\/[^"]+/g) ?? []
    expect(urls.length).toBeGreaterThan(0)
    for (const url of urls.map((text) => new URL(text))) {
      // sidecar.yaml says: remove it then.
      if (url.hostname === 'revocade-redis' && !files.includes('redis.yaml')) continue
      expect(names(documents, 'Service')).toContain(url.hostname)
      const service = ofKind(documents, 'Service').find((one) => at(one, 'metadata.name') === url.hostname)
      expect(all(service, 'port')).toContain(Number(url.port))
    }
  })
})

it('a Redis with the arguments of redis-store.yaml is one that the store accepts', async () => {
  const [args = []] = all(read('redis-store.yaml'), 'args') as string[][]
  expect(args).toContain('noeviction')
  const redis = await startRedis({ args })
  const store = await openRedisStore(redis.url)
  expect(store.stats()).toMatchObject({ kind: 'redis', appendfsync: 'always' })
})

it('a Redis takes the arguments of redis.yaml', async () => {
  const [args = []] = all(read('redis.yaml'), 'args') as string[][]
  const redis = await startRedis({ args })
  expect(await redis.client().config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru'])
})
