/** How a test comes by a server of its own. */
export type OwnServer =
  | { readonly kind: 'binary'; readonly path: string }
  | { readonly kind: 'docker'; readonly image: string }
  | { readonly kind: 'none'; readonly whatToDo: string }

/** Which Redis this run takes: found once, in global-setup.ts, and handed to all test files. */
export interface RedisChoice {
  /** A server that is there already (`REVOCADE_TEST_REDIS_URL`): to be used, not to be broken. */
  readonly given: string | null
  readonly own: OwnServer
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly redis: RedisChoice
  }
}
