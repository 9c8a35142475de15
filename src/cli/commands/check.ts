import type { Command } from 'commander'
import type { Revocade, Token } from '../../api.js'
import { namesOfEntry } from '../../claims-option.js'
import type { Verdict } from '../../engine/verdict.js'
import { RevocadeError } from '../../errors.js'
import { DEFAULT_CLAIMS, DEFAULT_ID_CLAIMS } from '../../options.js'
import type { RevocationStore } from '../../ports/index.js'
import { optionName } from '../../token/claim-path.js'
import { CliError, type ErrorReport, printable, reportOf } from '../errors.js'
import type { Line } from '../input/read-lines.js'
import { shapeKey, targetText } from '../input/targets.js'
import { shortTime } from '../input/time.js'
import { TOKEN_HELP, tokenSource } from '../input/tokens.js'
import { addTokenOptions, type TokenOptions } from '../options.js'
import { LineWriter, note, tone, writeJson, writeLine } from '../output/print.js'
import { readStore } from '../read-store.js'
import { selectorShapes } from '../store-rows.js'

interface CheckOptions extends TokenOptions {
  readonly claimsJson?: string
  readonly selectorsOnly?: boolean
}

/** The answer to one line. */
type Answer =
  | (Verdict & { readonly line: number })
  | { readonly line: number; readonly status: 'error'; readonly error: ErrorReport }

/** Adds `check`, which asks whether tokens are revoked. */
export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .description('Ask whether tokens are revoked. Signatures and expiry are not verified here.')
    .argument('[token]', TOKEN_HELP)
    .option('--claims-json <json>', 'the claims of a token, as JSON, instead of the token')
    .option('--selectors-only', 'claims without an id too: ask only whether a selector revokes them')
    .action(check)
  addTokenOptions(command).addHelpText(
    'after',
    `
Exit codes: 0 active, 1 revoked, 2 error or unknown.
With many lines: 2 if any is an error or unknown, else 1 if any is revoked.`,
  )
}

async function check(argument: string | undefined, options: CheckOptions): Promise<void> {
  const source = tokenSource(argument, options.claimsJson)
  if (source === undefined)
    throw new CliError('ERR_USAGE', 'name the token: as an argument, - for stdin, @FILE or --claims-json')
  await readStore(options, {}, async (engine, store) => {
    await printOtherSelectorsHint(store, options)
    process.exitCode =
      source.kind === 'one'
        ? await checkOne(engine, source.token, options)
        : await checkLines(engine, source.lines, options)
  })
}

async function checkOne(engine: Revocade, token: Token, options: CheckOptions): Promise<number> {
  const verdict = await engine.check(token, { selectorsOnly: options.selectorsOnly })
  await (options.json === true ? writeJson(verdict) : writeLine(describe(verdict)))
  return exitCodeOf(verdict.status)
}

/** Prints one answer a line, in the order of the input, so that both can be put side by side. */
async function checkLines(
  engine: Revocade,
  batches: AsyncIterable<Line[]>,
  options: CheckOptions,
): Promise<number> {
  const writer = new LineWriter()
  let worst = 0
  for await (const lines of batches) {
    for (const line of lines) {
      const answer = await answerTo(engine, line, options)
      worst = Math.max(worst, exitCodeOf(answer.status))
      await writer.line(options.json === true ? JSON.stringify(answer) : answerLine(answer))
    }
    await writer.flush()
  }
  return worst
}

async function answerTo(engine: Revocade, line: Line, { selectorsOnly }: CheckOptions): Promise<Answer> {
  if ('problem' in line)
    return { line: line.number, status: 'error', error: { code: 'ERR_BAD_LINE', message: line.problem } }
  try {
    return { line: line.number, ...(await engine.check(line.text, { selectorsOnly })) }
  } catch (error) {
    if (!(error instanceof RevocadeError)) throw error
    return { line: line.number, status: 'error', error: reportOf(error) }
  }
}

function exitCodeOf(status: Answer['status']): 0 | 1 | 2 {
  return status === 'active' ? 0 : status === 'revoked' ? 1 : 2
}

function describe({ status, decidedBy, revocation, reason }: Verdict): string {
  const word = status === 'active' ? tone('active', 'good') : tone(status, 'bad')
  const lines = [`${word} (decided by: ${decidedBy})`]
  if (revocation !== undefined) {
    lines.push(`target   ${targetText(revocation.target)}`)
    if (revocation.issuedBefore !== undefined)
      lines.push(`issued   before ${shortTime(revocation.issuedBefore)}`)
    if (revocation.withoutCutoff === true) lines.push('issued   ever')
    const by = revocation.actor === undefined ? '' : ` by ${printable(revocation.actor)}`
    lines.push(`revoked  ${shortTime(revocation.revokedAt)}${by}`)
    if (revocation.notBefore !== undefined) lines.push(`from     ${shortTime(revocation.notBefore)}`)
    lines.push(`until    ${shortTime(revocation.expiresAt)}`)
  }
  if (reason !== undefined) lines.push(`reason   ${printable(reason)}`)
  return lines.join('\n')
}

function answerLine(answer: Answer): string {
  if (answer.status === 'error')
    return `${answer.line}\t${tone('error', 'bad')}\t${answer.error.code}: ${answer.error.message}`
  const word = answer.status === 'active' ? tone('active', 'good') : tone(answer.status, 'bad')
  const reason = answer.reason === undefined ? '' : `\t${printable(answer.reason)}`
  return `${answer.line}\t${word}\t${answer.decidedBy}${reason}`
}

/**
 * Says which selectors of the store this check does not honour: a token may be active here and revoked
 * elsewhere.
 */
async function printOtherSelectorsHint(store: RevocationStore, options: CheckOptions): Promise<void> {
  const { claims = DEFAULT_CLAIMS, idClaims = DEFAULT_ID_CLAIMS } = options
  const shapes = [...claims, ...idClaims].map(namesOfEntry)
  const honoured = new Set([[], ...shapes].map(shapeKey))
  const others = [...(await selectorShapes(store)).keys()].filter((key) => !honoured.has(key))
  if (others.length === 0) return
  const list = others.map(shapeText).join(', ')
  note(`the store also revokes by ${list}, which --claims does not name: not looked for here`, options)
}

function shapeText(key: string): string {
  const names: unknown = JSON.parse(key)
  return printable(Array.isArray(names) ? names.map((name) => optionName(String(name))).join('+') : key)
}
