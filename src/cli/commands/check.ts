import type { Command } from 'commander'
import type { Revocade, Token } from '../../api.js'
import type { Verdict } from '../../engine/verdict.js'
import { RevocadeError } from '../../errors.js'
import type { RevocationStore } from '../../ports/index.js'
import type { Line } from '../../read-lines.js'
import { type ErrorReport, printable, reportOf } from '../errors.js'
import {
  addIdOptions,
  addressedTokens,
  idClaimsFor,
  type IdOptions,
  isBareId,
  OTHER_TARGET,
  targetText,
  tokensOf,
} from '../input/targets.js'
import { shortTime } from '../input/time.js'
import { hasClaims, noteOtherSelectors, noteUnknownClaims } from '../other-selectors.js'
import { LineWriter, note, tone, writeJson, writeLine } from '../output/print.js'
import { readStore } from '../read-store.js'

interface CheckOptions extends IdOptions {
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
  addIdOptions(command, 'as of a token that has no issuer, and of any issuer')
    .option('--selectors-only', 'claims without an id too: ask only whether a selector revokes them')
    .action(check)
    .addHelpText(
      'after',
      `
Exit codes: 0 active, 1 revoked, 2 error or unknown.
With many lines: 2 if any is an error or unknown, else 1 if any is revoked.`,
    )
}

async function check(argument: string | undefined, options: CheckOptions): Promise<void> {
  const target = addressedTokens(argument, options, 'check')
  await readStore({ ...options, ...idClaimsFor(options) }, {}, async (engine, store) => {
    if (target.kind === 'lines') {
      process.exitCode = await checkLines(engine, store, target.lines, options)
      return
    }
    if (target.kind === 'id') await noteUnknownClaims(store, { ...options, ...idClaimsFor(options) })
    else if (hasClaims(target.token)) await noteOtherSelectors(store, options)
    const tokens = target.kind === 'id' ? tokensOf(target) : ([target.token] as const)
    process.exitCode = await checkOne(engine, tokens, options)
  })
}

/** @param tokens - one; several where its id may be a text or a number */
async function checkOne(
  engine: Revocade,
  [token, ...others]: readonly [Token, ...Token[]],
  options: CheckOptions,
): Promise<number> {
  const given = { selectorsOnly: options.selectorsOnly }
  let verdict = await engine.check(token, given)
  for (const other of others) verdict = graver(verdict, await engine.check(other, given))
  await (options.json === true ? writeJson(verdict) : writeLine(describe(verdict)))
  if (verdict.status === 'active' && isBareId(options))
    note(`${OTHER_TARGET}: look for that with --iss`, options)
  return exitCodeOf(verdict.status)
}

/** Prints one answer a line, in the order of the input, so that both can be put side by side. */
async function checkLines(
  engine: Revocade,
  store: RevocationStore,
  batches: AsyncIterable<Line[]>,
  options: CheckOptions,
): Promise<number> {
  const writer = new LineWriter()
  let worst = 0
  let withClaims = false
  for await (const lines of batches) {
    for (const line of lines) {
      withClaims ||= 'text' in line && hasClaims(line.text)
      const answer = await answerTo(engine, line, options)
      worst = Math.max(worst, exitCodeOf(answer.status))
      await writer.line(options.json === true ? JSON.stringify(answer) : answerLine(answer))
    }
    await writer.flush()
  }
  if (withClaims) await noteOtherSelectors(store, options)
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

const GRAVEST: readonly Verdict['status'][] = ['revoked', 'unknown', 'active']

const graver = (a: Verdict, b: Verdict): Verdict =>
  GRAVEST.indexOf(b.status) < GRAVEST.indexOf(a.status) ? b : a

function exitCodeOf(status: Answer['status']): 0 | 1 | 2 {
  return status === 'active' ? 0 : status === 'revoked' ? 1 : 2
}

function describe({ status, decidedBy, revocation, pending, reason }: Verdict): string {
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
  if (pending?.notBefore !== undefined)
    lines.push(`pending  ${targetText(pending.target)}, revoked from ${shortTime(pending.notBefore)}`)
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
