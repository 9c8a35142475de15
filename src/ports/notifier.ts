/** What a notifier calls. Exceptions are caught by the notifier: a message must not end the process. */
export interface NotifierListener {
  /**
   * Another engine has announced a commit.
   *
   * @param seq - sequence number of its last change, as announced. It is a hint: the store alone says what
   *   was committed
   */
  onWake(seq: number): void
  /** The engine's statistics as a JSON object, for a monitor that asks all engines of a store. */
  engineStats(): object
}

/** Counts are since the start of the engine. */
export interface NotifierStats {
  /** Whether announcements of other engines arrive at present. */
  readonly listening: boolean
  readonly sent: number
  readonly received: number
}

/**
 * Wake-ups between the engines of one store: they make the next poll come sooner. No answer relies on one,
 * and the next regular poll makes up for one that is lost.
 */
export interface Notifier {
  /** Sets the listener. Messages that arrive before it is set are counted and dropped. */
  listen(listener: NotifierListener): void
  /** Tells the other engines that changes up to `seq` are committed. Returns at once and never throws. */
  announce(seq: number): void
  stats(): NotifierStats
  /** Stops listening. Idempotent. */
  close(): void
}
