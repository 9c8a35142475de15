import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ExitGate, openGate } from '#dist/store/sqlite/exit-gate.js'
import { WriteLock } from '#dist/store/sqlite/write/write-lock.js'
import { temporaryDirectory } from '../support/temp.js'

/** Milliseconds of each sleep. */
let slept: number[] = []
let onSleep: () => void = () => undefined

function setUp(busyTimeoutMs = 1000, gate = new ExitGate()) {
  const path = join(temporaryDirectory(), 'lock.db')
  const db = new Database(path)
  db.exec('CREATE TABLE t (x)')
  onTestFinished(() => void db.close())
  const lock = new WriteLock(db, busyTimeoutMs, gate)
  const insert = (): void => void db.exec('INSERT INTO t VALUES (1)')
  return {
    db,
    lock,
    path,
    insert,
    rows: () => db.prepare('SELECT count(*) FROM t').pluck().get(),
    take: (ms: number) =>
      lock.transaction(() => {
        vi.advanceTimersByTime(ms)
        insert()
      }),
  }
}

/** Another connection that holds the lock. */
function blockerOf(path: string): Database.Database {
  const db = new Database(path)
  onTestFinished(() => void db.close())
  db.exec('BEGIN IMMEDIATE')
  return db
}

beforeEach(() => {
  slept = []
  onSleep = () => undefined
  vi.useFakeTimers({ toFake: ['performance'] })
  vi.advanceTimersByTime(60_000)
  const wait = vi.spyOn(Atomics, 'wait').mockImplementation((_array, _index, _value, ms = 0) => {
    slept.push(ms)
    vi.advanceTimersByTime(ms)
    onSleep()
    return 'timed-out'
  })
  onTestFinished(() => {
    vi.useRealTimers()
    wait.mockRestore()
  })
})

describe('the write lock', () => {
  it('gives others a turn after each third of a second of transactions', () => {
    const { take } = setUp()
    for (let i = 0; i < 7; i++) take(100)
    expect(slept).toEqual([12, 12])
  })

  it('makes a longer break after a longer transaction', () => {
    const { take } = setUp()
    take(2000)
    take(1)
    expect(slept).toEqual([80])
  })

  it('makes no break of its own where there was one', () => {
    const { take } = setUp()
    for (let i = 0; i < 20; i++) {
      take(50)
      vi.advanceTimersByTime(15)
    }
    expect(slept).toEqual([])
  })

  it('does not take a pause for a break that is too short for others', () => {
    const { take } = setUp()
    for (let i = 0; i < 7; i++) {
      take(50)
      vi.advanceTimersByTime(5)
    }
    expect(slept).toEqual([7])
  })

  it('looks often whether another connection has released it', () => {
    const { path, take, rows } = setUp()
    const blocker = blockerOf(path)
    onSleep = () => {
      if (slept.length === 7) blocker.exec('COMMIT')
    }
    take(1)
    expect(slept).toEqual([5, 5, 5, 5, 5, 5, 5])
    expect(rows()).toBe(1)
  })

  it('gives up after the busy timeout', () => {
    const { path, take } = setUp(100)
    blockerOf(path)
    expect(() => take(1)).toThrow(expect.objectContaining({ code: 'SQLITE_BUSY' }) as Error)
    expect(slept.length).toBeLessThanOrEqual(21)
  })

  it('is released by a transaction that throws, and nothing of it stays', () => {
    const { lock, path, insert, rows, take } = setUp()
    const failing = (): never => {
      insert()
      throw new Error('no')
    }
    expect(() => lock.transaction(failing)).toThrow('no')
    expect(rows()).toBe(0)
    blockerOf(path).exec('COMMIT')
    take(1)
    expect(rows()).toBe(1)
  })

  it('reports the failure of a transaction that SQLite has rolled back by itself', () => {
    const { db, lock } = setUp()
    const failing = (): never => {
      db.exec('ROLLBACK')
      throw new Error('disk full')
    }
    expect(() => lock.transaction(failing)).toThrow('disk full')
  })

  it('tries again only if another connection has it', () => {
    const { db, take } = setUp()
    db.close()
    expect(() => take(1)).toThrow('not open')
    expect(slept).toEqual([])
  })

  it('is not asked for any more once the process ends', () => {
    const gate = new ExitGate()
    const { path, take, rows } = setUp(1000, gate)
    const blocker = blockerOf(path)
    onSleep = () => {
      if (slept.length === 2) gate.close()
    }
    expect(() => take(1)).toThrow(expect.objectContaining({ code: 'ERR_NOT_DURABLE' }) as Error)
    expect(slept).toEqual([5, 5, 1000])
    blocker.exec('COMMIT')
    expect(rows()).toBe(0)
  })
})

describe('the gate at the exit', () => {
  it('waits for a call that is under way, and for none that has ended or failed', () => {
    const { memory, release } = openGate()
    const [inThread, gate] = [new ExitGate(memory), new ExitGate(memory)]
    const failing = (): never => {
      throw new Error('no')
    }
    expect(() => inThread.pass(failing)).toThrow('no')
    const cells = new Int32Array(memory)
    expect([...cells]).toEqual([0, 0])
    inThread.pass(() => {
      gate.close()
      expect([...cells]).toEqual([1, 1])
    })
    expect(vi.mocked(Atomics.wait).mock.calls).toEqual([[cells, 0, 1, 1000]])
    expect([...cells]).toEqual([0, 1])
    release()
  })
})
