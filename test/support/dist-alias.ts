import { readFileSync } from 'node:fs'

interface Alias {
  readonly find: RegExp
  readonly replacement: string
}

/** Where imports of the package lead when another folder holds the build. */
export function distAlias(dist: string): Alias[] {
  const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  }
  const subpaths = Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            find: new RegExp(`^revocade${subpath.slice(1)}$`),
            replacement: target.default.replace('./dist', dist),
          },
        ],
  )
  return [{ find: /^#dist\//, replacement: `${dist}/` }, ...subpaths]
}
