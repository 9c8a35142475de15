/** Which PostgreSQL this run takes: found once, in global-setup.ts, and handed to all test files. */
export type PostgresChoice =
  | { readonly kind: 'binaries'; readonly folder: string }
  | { readonly kind: 'none'; readonly whatToDo: string }

/** The programs, and the data of an empty server, made once: each server of the tests begins with a copy. */
export type PostgresKit =
  | { readonly kind: 'binaries'; readonly folder: string; readonly template: string }
  | { readonly kind: 'none'; readonly whatToDo: string }

/** Which PgBouncer: found in the same way. `libraries` is the folder of its libraries, if it has one. */
export type PgBouncerChoice =
  | { readonly kind: 'binary'; readonly program: string; readonly libraries: string }
  | { readonly kind: 'none'; readonly whatToDo: string }

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: PostgresKit
    readonly pgBouncer: PgBouncerChoice
  }
}
