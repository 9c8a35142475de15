import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'
import { runServer } from '../child-server.js'
import { PORTS_TO_TRY, portToTry } from '../redis/free-port.js'
import type { PostgresKit } from './choice.js'
import { copyTemplate, NOBODY, serverFolder } from './template.js'

const READY = /database system is ready to accept (read-only )?connections/
const PORT_TAKEN = /could not bind|address already in use/i

type Kit = Extract<PostgresKit, { readonly kind: 'binaries' }>

let schemas = 0

/**
 * A server of the caller's own on loopback, empty and durable, for a hook:
 * `beforeAll(async () => { postgres = await startPostgres(); return postgres.stop })`.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const choice = inject('postgres') as PostgresKit | undefined
  if (choice === undefined)
    throw new Error('this test needs a PostgreSQL: add its file to WITH_POSTGRES in vitest.config.ts')
  if (choice.kind === 'none') throw new Error(choice.whatToDo)
  const server = new PostgresServer(choice)
  try {
    await server.create()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

/** A PostgreSQL server as a process of ours. */
export class PostgresServer {
  readonly #kit: Kit
  readonly #folder = serverFolder()
  readonly #data = join(this.#folder, 'data')
  #port = 0
  #process: ChildProcess | undefined

  constructor(kit: Kit) {
    this.#kit = kit
  }

  get port(): number {
    return this.#port
  }

  /** The URL of the database, with a schema of its own for each call unless one is named. */
  url(schema = `t${++schemas}`, port = this.#port): string {
    return `postgres://postgres@127.0.0.1:${port}/postgres?schema=${schema}`
  }

  async create(): Promise<void> {
    copyTemplate(this.#kit.template, this.#data)
    // A small server: many of them start during a run.
    writeFileSync(join(this.#data, 'postgresql.auto.conf'), 'shared_buffers = 32MB\nwal_log_hints = on\n')
    for (let tries = 1; ; tries++) {
      this.#port = portToTry()
      const complaint = await this.#run()
      if (complaint === undefined) return
      if (!PORT_TAKEN.test(complaint) || tries >= PORTS_TO_TRY)
        throw new Error(`postgres did not start:\n${complaint}`)
    }
  }

  /** Starts it again at the same address. */
  async restart(): Promise<void> {
    await this.kill()
    const complaint = await this.#run()
    if (complaint !== undefined) throw new Error(`postgres did not start again:\n${complaint}`)
  }

  /** A copy of the stopped data as a standby, on a port of its own. It follows this server, or nobody. */
  async standby({ follows = true } = {}): Promise<PostgresServer> {
    await this.kill()
    const standby = new PostgresServer(this.#kit)
    cpSync(this.#data, standby.#data, { recursive: true })
    await this.restart()
    standby.#port = portToTry()
    await standby.#follow(follows ? this : undefined)
    return standby
  }

  /** Has a standby become a primary. */
  async promote(): Promise<void> {
    const [promoted] = await this.query('SELECT pg_promote(true, 60)')
    if (promoted !== true) throw new Error('the standby was not promoted')
  }

  /**
   * Has a killed primary follow the one that took its place: without the commits that this one lacks, by
   * pg_rewind or, where that is missing, as a copy.
   */
  async rejoin(primary: PostgresServer): Promise<void> {
    const rewind = join(this.#kit.folder, 'pg_rewind')
    if (existsSync(rewind)) {
      const source = `host=127.0.0.1 port=${primary.#port} user=postgres dbname=postgres`
      const args = ['-D', this.#data, '--source-server', source, '--no-sync']
      execFileSync(rewind, args, { ...NOBODY, stdio: 'pipe', cwd: '/' })
    } else {
      await primary.kill()
      rmSync(this.#data, { recursive: true, force: true })
      cpSync(primary.#data, this.#data, { recursive: true })
      await primary.restart()
    }
    await this.#follow(primary)
  }

  /** Stops what sends the changes to standbys: they fall behind. */
  async pauseReplication(): Promise<void> {
    for (const pid of await this.query('SELECT pid FROM pg_stat_replication'))
      process.kill(Number(pid), 'SIGSTOP')
  }

  /** Resolves once a standby has everything that was committed here. */
  async replicated(standby: PostgresServer): Promise<void> {
    const [end] = await this.query('SELECT pg_current_wal_lsn()::text')
    const sql = `SELECT pg_last_wal_replay_lsn() >= '${String(end)}'::pg_lsn`
    while ((await standby.query(sql))[0] !== true) await sleep(20)
  }

  async #follow(primary: PostgresServer | undefined): Promise<void> {
    writeFileSync(join(this.#data, 'standby.signal'), '')
    rmSync(join(this.#data, 'postmaster.pid'), { force: true })
    const conninfo =
      primary === undefined ? '' : `host=127.0.0.1 port=${primary.#port} user=postgres connect_timeout=2`
    appendFileSync(join(this.#data, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`)
    if (NOBODY.uid !== undefined) execFileSync('chown', ['-R', `${NOBODY.uid}:${NOBODY.gid}`, this.#data])
    const complaint = await this.#run()
    if (complaint === undefined) return
    await this.stop()
    throw new Error(`the standby did not start:\n${complaint}`)
  }

  /** The values of the first column of one statement, on a connection of its own. */
  async query(sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: this.url('public') })
    client.on('error', () => undefined) // of a connection that the test ends
    await client.connect()
    try {
      // Of several statements, the result is a list.
      const result: { rows: [unknown][] } | unknown[] = await client.query<[unknown]>({
        text: sql,
        rowMode: 'array',
      })
      return Array.isArray(result) ? [] : result.rows.map(([value]) => value)
    } finally {
      await client.end()
    }
  }

  /** Copies the tables of a store. The returned function puts them back, under running engines. */
  async backup(url: string): Promise<() => Promise<void>> {
    const schema = new URL(url).searchParams.get('schema') ?? ''
    const tables = ['commits', 'revocations', 'buckets', 'namespaces']
    const all = (statement: (table: string) => string): string => tables.map(statement).join(';')
    await this.query(all((table) => `DROP TABLE IF EXISTS ${schema}.old_${table}`))
    await this.query(all((table) => `CREATE TABLE ${schema}.old_${table} AS TABLE ${schema}.${table}`))
    return async () => {
      await this.query(
        all(
          (table) => `TRUNCATE ${schema}.${table};
            INSERT INTO ${schema}.${table} OVERRIDING SYSTEM VALUE TABLE ${schema}.old_${table}`,
        ),
      )
    }
  }

  /** True: SIGSTOP to the server and its children, so that connections hang; false: SIGCONT. */
  suspend(suspended: boolean): void {
    this.#signal(suspended ? 'SIGSTOP' : 'SIGCONT')
  }

  /** SIGKILL to the server and its children, as in a crash. Resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    this.#signal('SIGKILL')
    await exit
  }

  readonly stop = async (): Promise<void> => {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#pids()) {
      try {
        process.kill(pid, signal)
      } catch {
        // A child that has just ended.
      }
    }
  }

  /** The server first: it would start crashed children again. */
  #pids(): number[] {
    const pid = this.#process?.pid
    if (pid === undefined) return []
    try {
      const children = execFileSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
      return [
        pid,
        ...children
          .split('\n')
          .map(Number)
          .filter((child) => child > 0),
      ]
    } catch {
      return [pid]
    }
  }

  /** Resolves once the server says that it is ready, or with what it said instead. */
  async #run(): Promise<string | undefined> {
    const args = [
      '-D',
      this.#data,
      '-p',
      `${this.#port}`,
      '-k',
      this.#folder,
      '-c',
      'listen_addresses=127.0.0.1',
    ]
    const { child, complaint } = runServer({
      program: join(this.#kit.folder, 'postgres'),
      args,
      options: { ...NOBODY, cwd: '/' },
      ready: READY,
      folder: this.#folder,
      stop: 'kill -QUIT "$0"; sleep 1; kill -9 "$0"',
    })
    this.#process = child
    return complaint
  }
}
