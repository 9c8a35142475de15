/** Which PostgreSQL this run takes: found once, in global-setup.ts, and handed to all test files. */
export type PostgresChoice =
  | { readonly kind: 'binaries'; readonly folder: string }
  | { readonly kind: 'none'; readonly whatToDo: string }

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: PostgresChoice
  }
}
