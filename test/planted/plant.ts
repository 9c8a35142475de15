import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

/** A mistake to make on purpose, and what must notice it. */
export interface Mistake {
  readonly name: string
  /** Below src. */
  readonly file: string
  /** The function, method or constant that holds the place. */
  readonly within: string
  /** What stands there, once. White space does not count. */
  readonly is: string
  readonly becomes: string
  /** The test file that must fail, and how: the promise it names (docs/guarantees.md), or the test. */
  readonly caughtBy: string
  readonly breaks: RegExp
  /** The full names of the tests that may say so, where most of the file would run for nothing. */
  readonly among?: RegExp
}

/**
 * Copies the build, with some source files compiled anew with mistakes in them. The other files are hard
 * links: to write and to remove 600 files for each copy would take longer than its tests.
 */
export function plant(mistakes: readonly Mistake[], source: string, build: string, copy: string): void {
  rmSync(copy, { recursive: true, force: true })
  linkModules(build, copy)
  for (const file of new Set(mistakes.map((mistake) => mistake.file))) {
    const own = mistakes.filter((mistake) => mistake.file === file)
    const original = readFileSync(`${source}/${file}`, 'utf8')
    const text = own.reduce((changed, mistake) => withMistake(mistake, changed), original)
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
    })
    const path = `${copy}/${file.replace(/\.ts$/, '.js')}`
    rmSync(path) // else it would be written through the link, into the build
    writeFileSync(path, outputText)
  }
}

function linkModules(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`]
    if (entry.isDirectory()) linkModules(source, target)
    else if (!/\.(?:map|d\.ts)$/.test(entry.name)) linkSync(source, target)
  }
}

/** The source text with the mistake in it. Throws where its place is not there exactly once. */
export function withMistake({ file, within, is, becomes }: Mistake, text: string): string {
  const holders = declarationsOf(within, ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
  if (holders.length !== 1) throw new Error(`${file}: ${holders.length} declarations of ${within}, not 1`)
  const [start, end] = [holders[0]?.getStart() ?? 0, holders[0]?.getEnd() ?? 0]
  const places = occurrences(text.slice(start, end), is)
  if (places.length !== 1)
    throw new Error(`${file}: '${is}' stands ${places.length} times in ${within}, not once`)
  const [from, to] = places[0] ?? [0, 0]
  return text.slice(0, start + from) + becomes + text.slice(start + to)
}

function declarationsOf(name: string, file: ts.SourceFile): ts.Node[] {
  const found: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    const declares =
      ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isVariableDeclaration(node)
    if (declares && node.name?.getText() === name) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** Where a text stands in another, white space aside: offsets of its first character and past its last. */
function occurrences(text: string, part: string): (readonly [from: number, to: number])[] {
  const offsets = [...text.matchAll(/\S/g)].map(({ index }) => index)
  const dense = text.replace(/\s/g, '')
  const wanted = part.replace(/\s/g, '')
  const found: (readonly [number, number])[] = []
  for (let at = dense.indexOf(wanted); at >= 0; at = dense.indexOf(wanted, at + 1))
    found.push([offsets[at] ?? 0, (offsets[at + wanted.length - 1] ?? 0) + 1])
  return found
}
