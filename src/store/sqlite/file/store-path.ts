import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** Links that are followed one after the other before they are taken for a loop; as many as Linux follows. */
const MAX_LINKS = 40

/** Where a store is. */
export interface StorePath {
  /** The path that was configured, made absolute. It may lead through symbolic links. */
  readonly given: string
  /** The file that it led to when it was resolved: SQLite keeps its log beside this one. */
  readonly real: string
}

/**
 * Resolves the links of a path, also where the file does not exist yet: the log, our lock and the file that
 * is made must stand at the same place.
 */
export function resolveStorePath(path: string): StorePath {
  const given = resolve(path)
  return { given, real: realPath(given, MAX_LINKS) }
}

function realPath(path: string, linksLeft: number): string {
  try {
    return realpathSync(path)
  } catch {
    try {
      const directory = realpathSync(dirname(path))
      const file = join(directory, basename(path))
      const target = linkTarget(file)
      if (target === undefined || linksLeft === 0) return file
      return realPath(resolve(directory, target), linksLeft - 1)
    } catch {
      return path // no such directory: opening reports it
    }
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // no link
  }
}
