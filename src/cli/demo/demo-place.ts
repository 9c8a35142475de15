import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool, statement } from '../../store/postgres/driver.js'
import { CONNECT_TIMEOUT_MS, readPostgresOptions } from '../../store/postgres/options.js'
import { CliError } from '../errors.js'

/** A place for the demo's store, of which nothing is left in the end. */
export interface DemoPlace {
  /** For the option `store`. */
  readonly store: string
  remove(): Promise<void>
}

/**
 * Makes a place: a directory of its own or, in a PostgreSQL database, a schema of its own.
 *
 * @param url - of the database; undefined for a directory
 * @throws {CliError} ERR_USAGE when the URL is not one of PostgreSQL
 */
export async function makeDemoPlace(url: string | undefined): Promise<DemoPlace> {
  if (url !== undefined) return schemaOf(url)
  const directory = await mkdtemp(join(tmpdir(), 'revocade-demo-'))
  return {
    store: join(directory, 'revocade.db'),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

function schemaOf(url: string): DemoPlace {
  if (!/^postgres(?:ql)?:\/\//i.test(url))
    throw new CliError(
      'ERR_USAGE',
      'the demo takes the URL of a PostgreSQL database, postgres://user@host/db',
    )
  const schema = `revocade_demo_${randomBytes(6).toString('hex')}`
  const { place } = readPostgresOptions(url, {})
  const database = typeof place === 'string' ? place : url
  return {
    store: `${database}${database.includes('?') ? '&' : '?'}schema=${schema}`,
    async remove() {
      const pool = await createPool({ url: database, connectTimeoutMs: CONNECT_TIMEOUT_MS })
      try {
        const client = await pool.connect()
        await client.query(statement(`DROP SCHEMA IF EXISTS ${schema} CASCADE`))
        client.release()
      } finally {
        await pool.end()
      }
    },
  }
}
