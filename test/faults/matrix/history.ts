import { readFileSync } from 'node:fs'
import { type Change, type Check, Judge, type Opening } from '../history.js'

/** Changes that are older than this, in milliseconds, are of tokens that nobody checks any more. */
const FORGET_MS = 90_000

/** From the disturbance of a fault until every peer is itself again. */
export interface Disturbance {
  readonly start: number
  readonly end: number
  /** Whether what was acknowledged before its end may be gone from the store. */
  readonly loses: boolean
  /** The peer whose clock was too far off to know what has expired. */
  readonly astray?: number
}

/** What one round found. */
export interface Round {
  readonly wrong: readonly string[]
  readonly checks: number
  readonly changes: number
  /** Since the fault began: checks that nothing decided. */
  readonly unknown: number
  /** Since the fault began: changes that were rejected, by the code of the error. */
  readonly refused: Readonly<Record<string, number>>
}

/** CLOCK_MONOTONIC in milliseconds, as the peers read it. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** A line of a peer's log: a change before it is made, or once it is answered; or a check. */
type Logged =
  | readonly ['try', id: number, begun: Omit<Change, 'end' | 'verdict'>]
  | readonly ['end', id: number, answer: Pick<Change, 'end' | 'verdict'> & { readonly code?: string }]
  | readonly ['check', Check]
  | readonly ['open', Opening]

/** What the peers wrote down, and its judgement round by round. */
export class History {
  readonly #stalenessOf: (engine: string) => number
  readonly #isRemote: boolean
  /** Characters read, by log. */
  readonly #read = new Map<string, number>()
  #changes: Change[] = []
  #openings: Opening[] = []
  #checks: Check[] = []
  #refusals: { readonly end: number; readonly code: string }[] = []
  #judgedUntil = 0

  /**
   * @param stalenessOf Δ of each engine.
   * @param isRemote Whether the store is across a network, where a read may fail at any time.
   */
  constructor(stalenessOf: (engine: string) => number, isRemote: boolean) {
    this.#stalenessOf = stalenessOf
    this.#isRemote = isRemote
  }

  /** Reads what a peer has written since the last time. */
  read(log: string): void {
    const text = readFileSync(log, 'utf8')
    const end = text.lastIndexOf('\n') + 1
    const lines = text
      .slice(this.#read.get(log) ?? 0, end)
      .split('\n')
      .slice(0, -1)
    this.#read.set(log, end)
    const changes = new Map<number, Change>()
    for (const line of lines.map((one) => JSON.parse(one) as Logged)) {
      if (line[0] === 'check') this.#checks.push(line[1])
      else if (line[0] === 'open') this.#openings.push(line[1])
      else if (line[0] === 'try')
        // What is not answered by now never was: its process was killed.
        changes.set(line[1], { ...line[2], verdict: 'failed', end: Infinity } as Change)
      else {
        const begun = changes.get(line[1])
        const { code, ...answer } = line[2]
        if (begun !== undefined) changes.set(line[1], { ...begun, ...answer })
        if (code !== undefined) this.#refusals.push({ end: answer.end, code })
      }
    }
    this.#changes.push(...changes.values())
  }

  /**
   * Judges the checks since the last time.
   *
   * @param rescuedAt When a damaged store was last replaced by a copy.
   */
  judge(disturbance: Disturbance, rescuedAt: number): Round {
    const { start, end, loses } = disturbance
    const changes = this.#changes.map((change) =>
      isAstray(disturbance, change.engine, 'token' in change ? change.token : undefined, change)
        ? doubtful(change)
        : change,
    )
    const lostUntil = Math.max(loses ? end : 0, rescuedAt)
    const left =
      lostUntil > this.#judgedUntil
        ? changes.map((change) => (change.start < lostUntil ? doubtful(change) : change))
        : changes
    // A damaged store may have been out of reach, and was replaced, at any time of the round.
    const disturbed = rescuedAt > this.#judgedUntil ? this.#judgedUntil : start
    // Across a network any read may come too late, and Redis decides instead.
    const outSince = this.#isRemote ? this.#judgedUntil : disturbed
    const before = this.#judgeOf(changes, outSince)
    const after = this.#judgeOf(left, outSince)
    // While the store is out of reach, Redis may not know yet what was taken back.
    const byRedis = this.#judgeOf(
      left.filter(({ op }) => op === 'revoke' || op === 'revokeWhere'),
      outSince,
    )
    const judgeOf = (check: Check): Judge => {
      if (isRevokedByRedis(check) && check.end >= outSince) return byRedis
      return check.end < disturbed ? before : after
    }
    const wrong = this.#checks
      .filter((check) => !isAstray(disturbance, check.engine, check.token, check))
      .flatMap((check) => {
        const broken = judgeOf(check).brokenPromise(check)
        return broken === undefined ? [] : `${broken}; ${this.#circumstances(check, disturbance)}`
      })
    const round = {
      wrong,
      checks: this.#checks.length,
      changes: changes.filter((change) => change.start > this.#judgedUntil).length,
      unknown: this.#checks.filter((check) => check.verdict === 'unknown' && check.end > start).length,
      refused: countByCode(this.#refusals.filter((refusal) => refusal.end > start)),
    }
    this.#judgedUntil = monotonicMs()
    this.#checks = []
    this.#refusals = []
    this.#changes = left.filter((change) => change.start > this.#judgedUntil - FORGET_MS)
    return round
  }

  /** What explains a broken promise: all changes of the token, and what was done meanwhile. */
  #circumstances({ token, sub, engine }: Check, { start, end }: Disturbance): string {
    const changes = this.#changes
      .filter((change) => ('token' in change ? change.token === token : change.sub === sub))
      .map((change) => [change.op, change.verdict, change.engine, change.start, change.end].join(' '))
    const opened = this.#openings.filter((opening) => opening.engine === engine).map((one) => one.end)
    return `changes: ${changes.join(', ')}; opened: ${opened.join(', ')}; disturbed: ${start} to ${end}`
  }

  /** @param disturbed Since when the store may not be reachable for all. */
  #judgeOf(changes: readonly Change[], disturbed: number): Judge {
    const judge = new Judge(this.#stalenessOf)
    judge.learn([...this.#openings, ...changes, { op: 'outage', start: disturbed, end: monotonicMs() }])
    return judge
  }
}

const isRevokedByRedis = ({ verdict, decidedBy }: Check): boolean =>
  verdict === 'revoked' && decidedBy === 'redis'

function countByCode(refusals: readonly { readonly code: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { code } of refusals) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

const doubtful = (change: Change): Change => ({ ...change, verdict: 'failed' })

/** Whether an engine answered by a clock that was too far off for this token. */
function isAstray(
  { astray, start, end }: Disturbance,
  engine: string,
  token: number | undefined,
  call: { readonly start: number; readonly end: number },
): boolean {
  const expiresSoon = token === undefined || token % 4 === 3
  return expiresSoon && astray === Number(engine.split('.')[0]) && call.start < end && call.end > start
}
