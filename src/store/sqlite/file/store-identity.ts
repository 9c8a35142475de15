import { randomBytes } from 'node:crypto'
import { checkValue, digestKey, keyToKeep, requireKeyLength } from '../../format/digest-key.js'
import type { Connection } from './driver.js'
import { corrupt } from './validate-file.js'

/** The id and the digest key of a store. */
export interface StoreIdentity {
  readonly id: string
  readonly key: Uint8Array
}

/** What every statement of a connection relies on: the store, and the number of a namespace in it. */
export interface NamespaceIdentity extends StoreIdentity {
  readonly namespace: string
  readonly namespaceId: number
}

type RawIdentity = readonly [id: MetaValue | null, key: MetaValue | null, namespaceId: number | null]

/**
 * Prepares the question whether the database still holds this store with this namespace. Another one may be
 * copied into the open file, as `.restore` does: with another key, or with the number for another namespace.
 */
export function prepareIdentityCheck(
  db: Connection,
  { id, key, namespace, namespaceId }: NamespaceIdentity,
): () => boolean {
  const read = db
    .prepare<[namespace: string], RawIdentity>(
      `SELECT (SELECT value FROM meta WHERE key = 'id'),
        (SELECT value FROM meta WHERE key IN ('key', 'key_check')),
        (SELECT id FROM namespaces WHERE name = ?)`,
    )
    .raw()
  const marks = [Buffer.from(key), checkValue(key)]
  return () => {
    const [foundId, mark, foundNumber] = read.get(namespace) ?? [null, null, null]
    if (foundNumber !== namespaceId || foundId?.toString() !== id || !Buffer.isBuffer(mark)) return false
    return marks.some((known) => known.equals(mark))
  }
}

/**
 * Reads the store's id and digest key. The first opening decides both.
 *
 * @param secret The configured key; undefined: the store has a key of its own.
 * @throws {RevocadeError} ERR_STORE_MISMATCH when the store has another key, ERR_STORE_CORRUPT when it lost
 * its own.
 */
export function identifyStore(db: Connection, secret: Uint8Array | undefined): StoreIdentity {
  requireKeyLength(secret)
  const get = db.prepare<[key: string], Buffer | string>('SELECT value FROM meta WHERE key = ?').pluck()
  if (get.get('id') === undefined) {
    db.transaction(() => {
      if (get.get('id') === undefined) writeIdentity(db, secret)
    }).immediate()
  }
  return {
    id: get.get('id')?.toString() ?? '',
    key: digestKey(bytesOf(get.get('key')), bytesOf(get.get('key_check')), secret),
  }
}

function writeIdentity(db: Connection, secret: Uint8Array | undefined): void {
  if (db.prepare<[], number>('SELECT seq FROM head').pluck().get() !== 0)
    throw corrupt('has lost its identity')
  const put = db.prepare('INSERT INTO meta VALUES (?, ?)')
  put.run('id', Buffer.from(randomBytes(12).toString('base64url')))
  put.run('created_at', Buffer.from(new Date().toISOString()))
  put.run(...keyToKeep(secret))
}

type MetaValue = Buffer | string | undefined

const bytesOf = (value: MetaValue): Buffer | undefined => (Buffer.isBuffer(value) ? value : undefined)

/** The number of a namespace; a new one gets the next number. */
export function findNamespace(db: Connection, name: string): number {
  const find = db.prepare<[name: string], number>('SELECT id FROM namespaces WHERE name = ?').pluck()
  const known = find.get(name)
  if (known !== undefined) return known
  db.prepare('INSERT INTO namespaces (name) VALUES (?) ON CONFLICT DO NOTHING').run(name)
  const made = find.get(name)
  if (made === undefined) throw corrupt('has a damaged table of namespaces')
  return made
}
