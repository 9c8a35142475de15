import { appendFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { libfaketime } from '../support/faketime.js'
import { report, scaled } from '../support/scale.js'
import type { Fault } from './matrix/fault.js'
import { FAULTS } from './matrix/faults/index.js'
import type { Round } from './matrix/history.js'
import { Peers } from './matrix/peers.js'
import { random } from './matrix/random.js'
import { PREFIX_REDIS } from './matrix/redis/topologies.js'
import { playRound } from './matrix/round.js'
import { type Cell, type Chance, REDIS_KINDS, type Scene, STORE_KINDS } from './matrix/scene.js'
import { STORES } from './matrix/stores/stores.js'

// `npm run test:faults` plays every fault in every cell. Here it is a few faults in a few cells.
const MINUTES = Number(process.env.REVOCADE_MATRIX_MINUTES ?? 0)
const SEED = Number(process.env.REVOCADE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Chooses the cells, such as `postgres+sentinel`, whose names contain it; the same for faults. */
const { REVOCADE_TEST_CELL: onlyCell = '', REVOCADE_TEST_FAULT: onlyFault = '' } = process.env

const nameOf = ({ store, redis }: Cell): string => `${store}+${redis}`
const ALL = STORE_KINDS.flatMap((store) => REDIS_KINDS.map((redis) => ({ store, redis })))
/** The cells of a short run, with the faults that each is given. */
const SHORT: Readonly<Record<string, number>> = { 'sqlite+single': 2, 'postgres+none': 1 }

const cells = ALL.map((cell) => ({ cell, name: nameOf(cell), rounds: scaled(SHORT[nameOf(cell)] ?? 0) }))
  .filter(({ name }) => name.includes(onlyCell))
  .filter(({ rounds }) => MINUTES > 0 || onlyCell !== '' || rounds > 0)

it.each(cells)(
  'engines keep their promises through faults in the cell $name',
  { timeout: 1_200_000 + (MINUTES + scaled(4)) * 120_000 },
  async ({ cell, name, rounds }) => {
    const chance = random(SEED + ALL.indexOf(cell))
    const scene = await sceneOf(cell, chance)
    const applying = FAULTS.filter((fault) => fault.appliesTo(cell) && fault.name.includes(onlyFault))
    if (applying.length === 0) return
    const end = performance.now() + (MINUTES * 60_000) / cells.length
    const goesOn = (played: number): boolean =>
      MINUTES > 0 ? played === 0 || performance.now() < end : played < (rounds || 1)
    let left: Fault[] = []
    const done: string[] = []
    while (goesOn(done.length)) {
      // Each comes once before one comes again.
      if (left.length === 0) left = shuffled(applying, chance)
      const fault = left.pop()
      if (fault === undefined) break
      done.push(fault.name)
      const explain = async (what: string): Promise<string> =>
        `seed ${SEED}, ${name}: ${done.join('; ')}:\n${what}\n` +
        JSON.stringify(await scene.peers.said().catch(String), null, 1)
      const round = await playRound(fault, scene, cell).catch(async (error: unknown) => {
        throw new Error(await explain(String(error)), { cause: error })
      })
      note(cell, fault, round)
      if (round.wrong.length > 0) expect.fail(await explain(round.wrong.slice(0, 5).join('\n')))
    }
  },
)

async function sceneOf(cell: Cell, chance: Chance): Promise<Scene> {
  const shared = {
    store: await STORES[cell.store](chance),
    redis: await PREFIX_REDIS[cell.redis](),
    random: chance,
  }
  return { ...shared, peers: await Peers.start({ ...shared, library: await libfaketime() }) }
}

/** Tells `npm test` what was counted, or `npm run test:faults` what was seen (matrix.mjs). */
function note(cell: Cell, fault: Fault, { wrong, ...seen }: Round): void {
  const { checks, changes, unknown, refused } = seen
  const violations = wrong.length
  report('the fault matrix', { faults: 1, checks, changes, violations })
  const file = process.env.REVOCADE_MATRIX_REPORT
  if (file === undefined) return
  const about = { at: FAULTS.indexOf(fault), fault: fault.name, cell, expected: fault.expected(cell) }
  appendFileSync(file, `${JSON.stringify({ ...about, ...seen, violations })}\n`)
  process.stderr.write(
    `${nameOf(cell)}: ${fault.name}: ${checks} checks, ${unknown} unknown, ${changes} changes, ` +
      `${JSON.stringify(refused)}, ${violations} violations\n` +
      wrong
        .slice(0, 5)
        .map((line) => `  ${line}\n`)
        .join(''),
  )
}

function shuffled<T>(list: readonly T[], { below }: Chance): T[] {
  return list
    .map((item) => [below(2 ** 30), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}
