import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The pages of the documentation, by path within the checkout. */
export function pages(): string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.md'),
  )
  const atRoot = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']
  return [...atRoot, ...docs.map((path) => join('docs', path))].toSorted()
}

export const readPage = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** The text between `<!-- name:start -->` and `<!-- name:end -->`. */
export function section(path: string, name: string): string {
  const [, rest = ''] = readPage(path).split(`<!-- ${name}:start -->\n`)
  const end = rest.indexOf(`<!-- ${name}:end -->`)
  if (end < 0) throw new Error(`${path} has no section '${name}'`)
  return rest.slice(0, end)
}

/** The rows of a Markdown table as cells, without its head. */
export function tableRows(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

/** A cell that is code, without its backticks. */
export const code = (cell: string): string => cell.replace(/^`(.*)`$/, '$1')

/** Text with its line breaks and quote marks taken out. */
export const flat = (text: string): string => text.replace(/^> ?/gm, '').replace(/\s+/g, ' ').trim()

export interface Snippet {
  readonly page: string
  readonly line: number
  readonly language: 'js' | 'ts'
  readonly text: string
  /** The program in test/docs/drivers that runs it, from `<!-- run: name -->`; most run by themselves. */
  readonly driver: string | undefined
}

/** The JavaScript and TypeScript of a page. */
export function snippets(page: string): Snippet[] {
  const text = readPage(page)
  const found: Snippet[] = []
  for (const match of text.matchAll(/(?:^<!-- run: ([\w-]+) -->\n)?^```(js|ts)\n(.*?)^```$/gms)) {
    const [, driver, language, body = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    found.push({ page, line, language: language === 'ts' ? 'ts' : 'js', text: body, driver })
  }
  return found
}

/** The links of a page to other files of the checkout: `path#anchor`, relative to the checkout. */
export function localLinks(page: string): string[] {
  const targets = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#')
      const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path))
      return anchor === '' ? file : `${file}#${anchor}`
    })
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(page: string): string[] {
  return [...readPage(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
