import type { Cell, Scene } from './scene.js'

/** Whether something is seen while a fault lasts: never, always, or now and then. */
export type Seen = 'no' | 'yes' | 'maybe'

/** What must be seen while a fault lasts and until the peers have recovered. The page shows it. */
export interface Expected {
  /** Checks answered `unknown`. */
  readonly unknown: Seen
  /** Changes that are rejected. */
  readonly refused: Seen
  /** Whether what was acknowledged before the end of the fault may be gone from the store. */
  readonly loses?: true
  /** Whether a peer's clock is too far off, meanwhile, to know what has expired. */
  readonly astray?: true
}

/** Ends a fault. */
export type Heal = () => unknown

/** Something that goes wrong. The loop injects it, waits, heals it, and waits until all peers work again. */
export interface Fault {
  readonly name: string
  readonly appliesTo: (cell: Cell) => boolean
  /** Begins it. The answer ends it; without one it is over by itself. */
  readonly inject: (scene: Scene) => Promise<Heal | undefined> | Heal | Promise<void> | undefined
  /** How long it lasts, in milliseconds: least and most. */
  readonly lastsMs?: readonly [number, number]
  readonly expected: (cell: Cell) => Expected
}

/** For {@link Fault.appliesTo}. */
export const everywhere = (): boolean => true
export const onFiles = ({ store }: Cell): boolean => store === 'sqlite'
export const onServers = ({ store }: Cell): boolean => store !== 'sqlite'
export const withRedis = ({ redis }: Cell): boolean => redis !== 'none'

/**
 * Nothing is noticed. Where the store is across a network a reply may take longer than Δ on a busy machine,
 * and a check is then unknown.
 */
export const unnoticed = ({ store }: Cell): Expected =>
  store === 'sqlite' ? { unknown: 'no', refused: 'no' } : { unknown: 'maybe', refused: 'maybe' }

/** The store is out of reach for longer than any lease and any deadline. */
export const outOfReach = (): Expected => ({ unknown: 'yes', refused: 'yes' })

/** The store may be out of reach for a moment. */
export const interrupted = (): Expected => ({ unknown: 'maybe', refused: 'maybe' })

/** The store may lack what was acknowledged. */
export const losing = (): Expected => ({ unknown: 'maybe', refused: 'maybe', loses: true })

/** Longer than any lease, and than a change takes to be rejected. */
export const LONG_MS = [4000, 5000] as const
