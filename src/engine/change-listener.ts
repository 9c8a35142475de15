import type { Digest } from '../ports/index.js'

/** What is told to whoever keeps something that the store's changes make wrong. */
export interface ChangeListener {
  /** A change was applied to this engine, its own or another one's. The digest is overwritten later. */
  changed(digest: Digest): void
  /** Changes may be missing: the store has another history, or was read anew. */
  historyChanged(): void
}

/** Who tells them, as whoever follows the store sees it. */
export interface ChangeTeller extends ChangeListener {
  /** Writes again what another history may lack. Called after each poll; it does not reject. */
  rewrite(): Promise<void>
}
