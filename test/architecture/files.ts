import ts from 'typescript'
import type { Sources } from './imports.js'

const MOST_LINES = 250
const MOST_COLUMNS = 110

/** Files that are too long, or have a line that is, or lie in a folder that is named for nothing. */
export function misshapenFiles(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const lines = text.trimEnd().split('\n')
    const wide = lines.flatMap((line, i) =>
      line.length > MOST_COLUMNS ? [`${path}:${i + 1} is too wide`] : [],
    )
    return [
      ...(lines.length > MOST_LINES ? [`${path} has ${lines.length} lines`] : []),
      ...(/(?:^|\/)(?:utils?|helpers?|misc|common)(?:\/|\.ts$)/.test(path)
        ? [`${path} is named for nothing`]
        : []),
      ...wide,
    ]
  })
}

/** Exports without a docstring, as `path: name`. What is only exported again has its docstring where it is declared. */
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
  return named[0] !== node && named[0] !== undefined && isDocumented(named[0])
}

function nameOf(node: ts.Statement): string {
  if (ts.isVariableStatement(node))
    return node.declarationList.declarations.map(({ name }) => name.getText()).join(', ')
  const { name } = node as ts.DeclarationStatement
  return name?.getText() ?? 'default'
}
