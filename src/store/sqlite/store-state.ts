import { RevocadeError } from '../../errors.js'

/** Whether the store can be used, and why not. `StoreFile` says how one state leads to another. */
export type State =
  | { readonly status: 'open' }
  /** No file stands at the path. The connections stay open, so that no other file can get its inode. */
  | { readonly status: 'missing'; readonly fault: RevocadeError }
  /** Another file stands at the path: the old connections are being closed, and new ones opened. */
  | { readonly status: 'reopening'; readonly fault: RevocadeError; readonly reopened: Promise<void> }
  /** The old connections are closed, and no new ones could be opened. */
  | { readonly status: 'disconnected'; readonly fault: RevocadeError }
  /** The connections are open on a file that can't be used: it is damaged, or has another digest key. */
  | {
      readonly status: 'faulty'
      readonly fault: RevocadeError
      /** A check found no damage. */ readonly isMended?: true
    }
  | { readonly status: 'closed'; readonly fault: RevocadeError }

/** All is well. */
export const OPEN = { status: 'open' } as const

/** What moving the connections leads to. */
export type SettledState = Extract<State, { status: 'open' | 'missing' | 'disconnected' | 'faulty' }>

/** While the connections to a mended file are not yet renewed: they may hold damaged pages. */
export const MENDED = new RevocadeError(
  'ERR_STORE_UNAVAILABLE',
  'the store was mended: it is being opened again',
)

/** The fault of a file whose digests are of another key than this engine's. */
export const otherKey = (path: string): RevocadeError =>
  new RevocadeError(
    'ERR_STORE_MISMATCH',
    `the store ${path} was replaced by one with another digest key: restart the process`,
  )
