import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { allows, type Zone, zoneOf } from './allowed-imports.js'

/** Source files by their path within src, `/`-separated. */
export type Sources = ReadonlyMap<string, string>

/** All TypeScript files under a directory. */
export function readSources(root: string): Sources {
  const sources = new Map<string, string>()
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = entry.replaceAll('\\', '/')
    if (path.endsWith('.ts')) sources.set(path, readFileSync(join(root, entry), 'utf8'))
  }
  return sources
}

/**
 * What a file imports: files within src by path, modules by name (`lru-cache`, `node:fs`).
 * Types and dynamic imports count.
 */
export function importsOf(path: string, text: string): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true)
  return importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return packageOf(fileName)
    return posix.normalize(posix.join(posix.dirname(path), fileName)).replace(/\.js$/, '.ts')
  })
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Every import that no row of the table allows, as `importer -> imported`. */
export function strayImports(sources: Sources, zones: readonly Zone[]): string[] {
  const stray: string[] = []
  for (const [path, text] of sources) {
    const zone = zoneOf(path, zones)
    if (zone === undefined) stray.push(`${path} belongs nowhere`)
    for (const imported of importsOf(path, text)) {
      if (imported.endsWith('.ts') && !sources.has(imported))
        stray.push(`${path} -> ${imported}, which does not exist`)
      if (zone !== undefined && !allows(zone, imported)) stray.push(`${path} -> ${imported}`)
    }
  }
  return stray
}

/** The cycles in the graph of imports, types included, each as the files along it. */
export function cycles(sources: Sources): string[] {
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const from = trail.indexOf(path)
    if (from >= 0) {
      found.add([...trail.slice(from), path].join(' -> '))
      return
    }
    if (done.has(path)) return
    for (const next of importsOf(path, sources.get(path) ?? ''))
      if (sources.has(next)) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return [...found]
}

/**
 * Uses of names that reach outside: timers, the clock, the process, the network.
 * `Date` as a type or in `instanceof` reaches nowhere.
 */
export function outsideReach(path: string, text: string): string[] {
  const banned = new Set([
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'fetch',
    'process',
    'performance',
    'require',
    'eval',
    'globalThis',
  ])
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && banned.has(node.text) && !isMemberName(node))
      found.push(`${path}: ${node.text}`)
    if (ts.isPropertyAccessExpression(node) && /^(?:Date\.now|Math\.random)$/.test(node.getText()))
      found.push(`${path}: ${node.getText()}`)
    if (
      ts.isNewExpression(node) &&
      node.expression.getText() === 'Date' &&
      (node.arguments ?? []).length === 0
    )
      found.push(`${path}: new Date()`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Whether an identifier only names a member: `a.process`, `{ process: 1 }`. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    (ts.isPropertyAssignment(parent) && parent.name === node)
  )
}
