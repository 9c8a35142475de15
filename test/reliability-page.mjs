// docs/reliability.md: prose, and sections that programs write.
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'

const PAGE = 'docs/reliability.md'
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

/** What was run, and where. */
export const setting = `revocade ${version}, Node.js ${process.version}, ${platform()} ${arch()}`

/** Replaces what stands between the marks `<!-- name -->` and `<!-- /name -->`. */
export function replaceSection(name, text) {
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${PAGE} has no section ${name}`)
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`)
}
