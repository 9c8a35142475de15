import ts from 'typescript'
import type { Sources } from './imports.js'

const MOST_LINES = 250
const MOST_COLUMNS = 110

/** Names of folders and files that say nothing of what is in them. */
const NAMELESS = /(?:^|\/)(?:utils?|helpers?|misc|common)(?:\/|\.ts$)/

/** Files that are too long, that have a line that is too long, or whose name says nothing. */
export function misshapenFiles(sources: Sources): string[] {
  const found: string[] = []
  for (const [path, text] of sources) {
    const lines = text.trimEnd().split('\n')
    if (lines.length > MOST_LINES) found.push(`${path} has ${lines.length} lines`)
    if (NAMELESS.test(path)) found.push(`${path} is named for nothing`)
    for (const [i, line] of lines.entries())
      if (line.length > MOST_COLUMNS) found.push(`${path}:${i + 1} is too wide`)
  }
  return found
}

/** Exports without a docstring, as `path: name`. A re-export has its docstring where it is declared. */
export function undocumentedExports(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    return file.statements
      .filter((node) => ts.canHaveModifiers(node) && isExported(node) && !isDocumented(node))
      .filter((node) => !isOverload(node, file))
      .map((node) => `${path}: ${nameOf(node)}`)
  })
}

const isExported = (node: ts.HasModifiers): boolean =>
  ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true

const isDocumented = (node: ts.Node): boolean => ts.getJSDocCommentsAndTags(node).length > 0

/** An implementation, or a later signature, of a function whose first signature is documented. */
function isOverload(node: ts.Node, file: ts.SourceFile): boolean {
  if (!ts.isFunctionDeclaration(node)) return false
  const named = file.statements.filter(
    (other) => ts.isFunctionDeclaration(other) && other.name?.text === node.name?.text,
  )
  const [first] = named
  return first !== node && first !== undefined && isDocumented(first)
}

function nameOf(node: ts.Statement): string {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map(({ name }) => name.getText()).join(', ')
  const { name } = node as ts.DeclarationStatement
  return name?.getText() ?? 'default'
}
