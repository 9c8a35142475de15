import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

/** The machine of a run. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  readonly platform: string
}

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    platform: `${process.platform} ${process.arch}`,
  }
}

/** Packages whose code runs while something is timed. */
const MEASURED = [
  'better-auth',
  'better-sqlite3',
  'bloom-filters',
  'express-jwt-blacklist',
  'express-jwt-blacklist/node_modules/redis',
  'fast-jwt',
  'ioredis',
  'jose',
  'jsonwebtoken',
  'jwt-redis',
  'lru-cache',
  'oidc-provider',
  'pg',
  'redis',
]

/**
 * The versions of Node.js, this package and the packages that are measured.
 *
 * @param packages - default: those of the suite
 */
export function versions(packages: readonly string[] = MEASURED): Record<string, string> {
  const { node, v8, openssl } = process.versions
  return {
    node,
    v8,
    openssl,
    revocade: versionAt('../../../package.json'),
    ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  }
}

/** Reads the installed manifest by its path: not every package exports it. */
const versionOf = (name: string): string => versionAt(`../../../node_modules/${name}/package.json`)

function versionAt(path: string): string {
  const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return manifest.version
}
