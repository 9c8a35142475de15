import type { Command } from 'commander'
import type { Receipt, Revocade, RevocationInput, RevokeOptions, Selector, Time, Token } from '../../api.js'
import { revokeForms } from '../../engine/id-forms.js'
import { readRevokeOptions } from '../../engine/revocation-request.js'
import { readOptions } from '../../options.js'
import type { Line } from '../../read-lines.js'
import { CliError, reportOf } from '../errors.js'
import { operatingSystemUser } from '../input/actor.js'
import { type CutoffFlags, cutoffOptions } from '../input/cutoff.js'
import { inFlagNames, withFlagNames } from '../input/flag-names.js'
import {
  type Addressed,
  addressed,
  type AddressedTokens,
  addTargetOptions,
  AS_BOTH,
  claimsFor,
  idClaimsFor,
  type NamedId,
  type TargetOptions,
  tokensOf,
} from '../input/targets.js'
import { parseDuration, parseTime } from '../input/time.js'
import type { TokenSource } from '../input/tokens.js'
import { mutationsOf } from '../mutations.js'
import { engineOptions } from '../options.js'
import { LineReporter } from '../output/line-reporter.js'
import { note } from '../output/print.js'
import { printBulkReceipt, printReceipt } from '../output/revoke-receipt.js'
import { withNoteOnNew, withStore } from '../with-store.js'

interface RevokeCommandOptions extends TargetOptions, CutoffFlags {
  readonly notBefore?: string
  readonly expiresAt?: string
  readonly expiresIn?: string
  readonly reason?: string
  readonly actor?: string
}

/** Adds `revoke`, which revokes tokens and selectors. */
export function addRevoke(program: Command): void {
  const command = program
    .command('revoke')
    .description('Revoke a token, many tokens, or all tokens with some claims. Returns once it is durable.')
  addTargetOptions(command)
    .option(
      '--issued-before <time>',
      "with a selector: tokens issued before this (default: now); 'ever': all, also those issued later",
    )
    .option(
      '--same-second <what>',
      "with --where: 'keep' tokens issued in the same second, or 'revoke' them (default)",
    )
    .option('--not-before <time>', 'when the revocation begins to count (default: at once)')
    .option(
      '--expires-at <time>',
      "when the revocation may be dropped (default: the token's exp). ISO 8601 or NumericDate seconds",
    )
    .option('--expires-in <duration>', 'the same, from now: 90s, 15m, 8h, 30d')
    .option('--reason <text>', 'stored with the revocation')
    .option('--actor <text>', 'who revokes (default: the user of the operating system)')
    .addHelpText(
      'after',
      `
Examples:
  revocade revoke - < token.txt
  revocade revoke --jti 7f2c --iss https://issuer.example --expires-in 8h --reason "laptop lost"
  revocade revoke --where sub=alice --expires-in 30d
  revocade revoke --everyone --issued-before 2026-01-31T12:00:00Z --expires-in 30d`,
    )
    .action(revoke)
}

async function revoke(argument: string | undefined, options: RevokeCommandOptions): Promise<void> {
  const named = addressed(argument, options, 'revoke')
  const details = revokeOptions(options)
  if (named.kind !== 'selector' && (options.issuedBefore !== undefined || options.sameSecond !== undefined))
    throw new CliError('ERR_USAGE', '--issued-before and --same-second go with --where or --everyone')
  const target = named.kind === 'lines' ? await tokensIn(named.lines) : named
  await withFlagNames(refuseUnusable(target, options, details))
  await withNoteOnNew(options, async () => {
    if (target.kind === 'selector') await revokeSelector(target.where, options, details)
    else await revokeTokens(target, options, details)
  })
}

/**
 * Throws what the engine would throw for a single target: bad input makes no store. Several lines are
 * reported one by one.
 */
async function refuseUnusable(
  target: Addressed,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  if (target.kind === 'lines') return
  const claims = target.kind === 'selector' ? claimsFor(target.where, options) : undefined
  const overrides = claims === undefined ? idClaimsFor(options) : { claims: claims.claims }
  const mutations = mutationsOf(readOptions({ ...engineOptions(options), ...overrides }))
  readRevokeOptions(details, [])
  if (target.kind === 'one') mutations.ofToken(target.token, details)
  else if (target.kind === 'selector')
    mutations.ofSelector(target.where, { ...details, ...cutoffOptions(options) })
  else if (target.iss === undefined) mutations.ofSelector(idSelector(target), { ...details, ...OF_ANY_TIME })
  else for (const form of tokensOf(target)) mutations.ofToken(form, details)
  return Promise.resolve()
}

async function revokeTokens(
  target: AddressedTokens,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  await withStore(options, idClaimsFor(options), async (engine) => {
    if (target.kind === 'one') await revokeOne(engine, target.token, options, details)
    else if (target.kind === 'id') await revokeId(engine, target, options, details)
    else await revokeLines(engine, target.lines, options, details)
  })
}

async function revokeSelector(
  where: Selector,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  const { claims, added } = claimsFor(where, options)
  const receipt = await withStore(options, { claims }, (engine) =>
    withFlagNames(engine.revokeWhere(where, { ...details, ...cutoffOptions(options) })),
  )
  await report(receipt, options)
  if (added) {
    const names = Object.keys(where).sort()
    const selector = JSON.stringify(names.length === 1 ? names[0] : names)
    note(`this holds only where the checking services have ${selector} in their option 'claims'`, options)
  }
}

async function revokeOne(
  engine: Revocade,
  token: Token,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  await report(await withFlagNames(engine.revoke(token, details)), options)
}

const OF_ANY_TIME = { issuedBefore: 'ever' } as const

const idSelector = ({ claim, values }: NamedId): Selector => ({ [claim]: values[0] })

/** Without an issuer: that id of any issuer, because nothing says that its token has none. */
async function revokeId(
  engine: Revocade,
  id: NamedId,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  if (id.iss === undefined) {
    const revoked = engine.revokeWhere(idSelector(id), { ...details, ...OF_ANY_TIME })
    await report(await withFlagNames(revoked), options)
    return
  }
  const forms = tokensOf(id)
  await report(await withFlagNames(revokeForms(engine, forms, details)), options)
  if (forms.length > 1) note(`${AS_BOTH}, so both were revoked`, options)
}

/** Prints a receipt. An end in the past that the command line gave is a mistake; an `exp` is none. */
async function report(receipt: Receipt, options: RevokeCommandOptions): Promise<void> {
  await printReceipt(receipt, options)
  if (receipt.outcome === 'expired') failIfGivenEnd(options)
}

function failIfGivenEnd(options: RevokeCommandOptions): void {
  if (options.expiresAt === undefined) return
  note('nothing was revoked: --expires-at is in the past', options)
  process.exitCode = 2
}

/** Revokes lines in bulk, thousands to a commit. */
async function revokeLines(
  engine: Revocade,
  batches: AsyncIterable<Line[]>,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  const reporter = new LineReporter(options)
  const numbers: number[] = []
  async function* entries(): AsyncGenerator<RevocationInput, void, void> {
    for await (const lines of batches) {
      for (const line of lines) {
        if ('problem' in line) {
          reporter.report(line.number, { code: 'ERR_BAD_LINE', message: line.problem })
        } else {
          numbers.push(line.number)
          yield { token: line.text, ...details }
        }
      }
    }
  }
  const receipt = await engine.revokeMany(entries(), {
    onInvalid: (error, _entry, index) => reporter.report(numbers[index] ?? 0, reportOf(inFlagNames(error))),
  })
  reporter.end()
  await printBulkReceipt({ ...receipt, invalid: reporter.count }, options)
  if (receipt.expired > 0) failIfGivenEnd(options)
  if (reporter.count > 0 || numbers.length === 0) process.exitCode = 2
}

/** A single line is one token, with a receipt of its own. Reads until there are two, or the input ends. */
async function tokensIn(batches: AsyncIterable<Line[]>): Promise<TokenSource> {
  const iterator = batches[Symbol.asyncIterator]()
  const start: Line[] = []
  let ended = false
  while (start.length < 2 && !ended) {
    const next = await iterator.next()
    if (next.done === true) ended = true
    else start.push(...next.value)
  }
  async function* all(): AsyncGenerator<Line[], void, void> {
    yield start
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
  }
  const line = start.length === 1 ? start.at(0) : undefined
  return line !== undefined && 'text' in line
    ? { kind: 'one', token: line.text }
    : { kind: 'lines', lines: all() }
}

function revokeOptions(options: RevokeCommandOptions): RevokeOptions {
  const expiresAt = expiry(options)
  return {
    ...(options.notBefore === undefined ? {} : { notBefore: parseTime(options.notBefore, '--not-before') }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    actor: options.actor ?? operatingSystemUser(),
  }
}

function expiry({ expiresAt, expiresIn }: RevokeCommandOptions): Time | undefined {
  if (expiresAt !== undefined && expiresIn !== undefined)
    throw new CliError('ERR_USAGE', 'give --expires-at or --expires-in, not both')
  if (expiresAt !== undefined) return parseTime(expiresAt, '--expires-at')
  if (expiresIn !== undefined) return Math.ceil(Date.now() / 1000 + parseDuration(expiresIn, '--expires-in'))
  return undefined
}
