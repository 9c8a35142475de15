import { describe, expect, it } from 'vitest'
import { inDirectory } from '../support/cli.js'
import { readPage, section } from '../support/markdown.js'

const dir = inDirectory()

describe('tuning.md', () => {
  it('the example is what the command prints', async () => {
    const [command = '', ...shown] = section('docs/tuning.md', 'example')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('```'))
    expect(command).toMatch(/^\$ revocade tune .*--no-calibration$/)
    const { code, stdout } = await dir.run(command.split(' ').slice(2))
    expect(code).toBe(0)
    // In its order; … stands for what is left out.
    let rest = stdout.split('\n')
    for (const line of shown) {
      if (line === '…') continue
      expect(rest, line).toContain(line)
      rest = rest.slice(rest.indexOf(line) + 1)
    }
    expect(shown.length).toBeGreaterThan(30)
  })
})

describe('cli.md', () => {
  it('the table has every command', async () => {
    const { stdout } = await dir.run(['--help'])
    const [, list = ''] = stdout.split('\nCommands:\n')
    const commands = [...list.matchAll(/^ {2}([a-z]+)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help')
    expect(commands).toContain('tune')
    const [table = ''] = readPage('docs/cli.md').split('\n## ')
    for (const name of commands) expect(table).toContain(`[\`${name}\`](#${name})`)
  })

  it('the section tune has every option, and no other', async () => {
    const { stdout } = await dir.run(['tune', '--help'])
    const there = [...stdout.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)]
      .map(([, flag = '']) => flag)
      .filter((flag) => !['--help', '--json', '--verbose'].includes(flag))
    const [, page = ''] = readPage('docs/cli.md').split('\n## tune\n')
    const [text = ''] = page.split('\n## ')
    expect([...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag)).toEqual(there)
  })
})
