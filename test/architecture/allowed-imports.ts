/** A part of src, and what its files may import. */
export interface Zone {
  /** A folder (`token/`), a file (`errors.ts`), or `*`. */
  readonly part: string
  readonly mayImport: readonly string[]
  /** Names of packages, `node:*` for any module of Node.js. */
  readonly packages: readonly string[]
}

/** Reads the table of docs/architecture.md. */
export function readZones(markdown: string): Zone[] {
  const [, after = ''] = markdown.split('<!-- allowed-imports -->')
  const rows = after.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) => {
    const [, part = '', imports = '', packages = ''] = row.split('|')
    return { part: names(part)[0] ?? '', mayImport: names(imports), packages: names(packages) }
  })
}

/** What stands in backticks. */
const names = (cell: string): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name = '']) => name)

/** The zone of a file: of all that hold it, the one with the longest name. */
export function zoneOf(path: string, zones: readonly Zone[]): Zone | undefined {
  const holding = zones.filter(({ part }) => holds(part, path))
  return holding.toSorted((a, b) => b.part.length - a.part.length)[0]
}

/** Whether a zone's files may import a file within src (`errors.ts`) or a package (`lru-cache`, `node:fs`). */
export function allows(zone: Zone, imported: string): boolean {
  if (imported.endsWith('.ts')) return [zone.part, ...zone.mayImport].some((part) => holds(part, imported))
  return (
    zone.packages.includes(imported) || (zone.packages.includes('node:*') && imported.startsWith('node:'))
  )
}

function holds(part: string, path: string): boolean {
  return part === '*' || part === path || (part.endsWith('/') && path.startsWith(part))
}
