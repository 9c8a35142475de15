import { userInfo } from 'node:os'
import type { Command } from 'commander'
import type {
  BulkReceipt,
  Receipt,
  Revocade,
  RevocationInput,
  RevokeOptions,
  Selector,
  Time,
  Token,
} from '../../api.js'
import { RevocadeError } from '../../errors.js'
import { CliError, reportOf } from '../errors.js'
import type { Line } from '../input/read-lines.js'
import {
  addressed,
  addTargetOptions,
  claimsFor,
  idClaimsFor,
  type TargetOptions,
  targetText,
} from '../input/targets.js'
import { parseDuration, parseTime, shortTime } from '../input/time.js'
import { LineReporter } from '../output/line-reporter.js'
import { note, tone, writeJson, writeLine } from '../output/print.js'
import { noteQueued, redisText } from '../output/redis-receipt.js'
import { withStore } from '../with-store.js'

interface RevokeCommandOptions extends TargetOptions {
  readonly issuedBefore?: string
  readonly sameSecond?: string
  readonly expiresAt?: string
  readonly expiresIn?: string
  readonly reason?: string
  readonly actor?: string
}

export function addRevoke(program: Command): void {
  const command = program
    .command('revoke')
    .description('Revoke a token, many tokens, or all tokens with some claims. Returns once it is durable.')
  addTargetOptions(command)
    .option('--issued-before <time>', 'with --where: tokens issued before this (default: now)')
    .option(
      '--same-second <what>',
      "with --where: 'keep' tokens issued in that very second, or 'revoke' them (default)",
    )
    .option(
      '--expires-at <time>',
      "when it may be forgotten (default: the token's exp). ISO 8601 or NumericDate seconds",
    )
    .option('--expires-in <duration>', 'the same, from now: 90s, 15m, 8h, 30d')
    .option('--reason <text>', 'kept with it')
    .option('--actor <text>', 'who does it (default: the user of the operating system)')
    .addHelpText(
      'after',
      `
Examples:
  revocade revoke - < token.txt
  revocade revoke --jti 7f2c --iss https://issuer.example --expires-in 8h --reason "laptop lost"
  revocade revoke --where sub=alice --expires-in 30d`,
    )
    .action(revoke)
}

async function revoke(argument: string | undefined, options: RevokeCommandOptions): Promise<void> {
  const target = addressed(argument, options)
  const details = revokeOptions(options)
  if (target.kind === 'selector') {
    await revokeSelector(target.where, options, details)
    return
  }
  if (options.issuedBefore !== undefined || options.sameSecond !== undefined) {
    throw new CliError('ERR_USAGE', '--issued-before and --same-second go with --where')
  }
  await withStore(options, idClaimsFor(options), async (engine) => {
    if (target.kind === 'one') await revokeOne(engine, target.token, options, details)
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
    withFlagHint(
      engine.revokeWhere(where, {
        ...details,
        ...(options.issuedBefore === undefined
          ? {}
          : { issuedBefore: parseTime(options.issuedBefore, '--issued-before') }),
        ...(options.sameSecond === undefined ? {} : { sameSecond: sameSecond(options.sameSecond) }),
      }),
    ),
  )
  await printReceipt(receipt, options)
  if (added) {
    const names = Object.keys(where).sort()
    note(
      `this holds only where the checking services have ${JSON.stringify(names.length === 1 ? names[0] : names)} in their option 'claims'`,
      options,
    )
  }
}

async function revokeOne(
  engine: Revocade,
  token: Token,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  await printReceipt(await withFlagHint(engine.revoke(token, details)), options)
}

/** The engine speaks of options in code; here they are typed. */
async function withFlagHint<T>(revoked: Promise<T>): Promise<T> {
  try {
    return await revoked
  } catch (error) {
    if (!(error instanceof RevocadeError) || error.code !== 'ERR_NO_EXPIRY') throw error
    throw new CliError(error.code, `${error.message}. Here: --expires-at TIME or --expires-in 8h.`, {
      cause: error,
    })
  }
}

/** A lone line is one token and gets its receipt; more of them are written thousands to a commit. */
async function revokeLines(
  engine: Revocade,
  batches: AsyncIterable<Line[]>,
  options: RevokeCommandOptions,
  details: RevokeOptions,
): Promise<void> {
  const { start, rest } = await firstTwo(batches)
  const [line] = start
  if (start.length === 1 && 'text' in line) {
    await revokeOne(engine, line.text, options, details)
    return
  }
  const reporter = new LineReporter(options)
  const numbers: number[] = []
  async function* entries(): AsyncGenerator<RevocationInput, void, void> {
    for await (const lines of rest) {
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
    onInvalid: (error, _entry, index) => reporter.report(numbers[index] ?? 0, reportOf(error)),
  })
  reporter.end()
  await printBulkReceipt({ ...receipt, invalid: reporter.count }, options)
  if (reporter.count > 0 || numbers.length === 0) process.exitCode = 2
}

/** Enough lines to tell whether there is more than one, and all of them. */
async function firstTwo(
  batches: AsyncIterable<Line[]>,
): Promise<{ start: readonly Line[]; rest: AsyncIterable<readonly Line[]> }> {
  const iterator = batches[Symbol.asyncIterator]()
  const start: Line[] = []
  let ended = false
  while (start.length < 2 && !ended) {
    const next = await iterator.next()
    if (next.done === true) ended = true
    else start.push(...next.value)
  }
  async function* rest(): AsyncGenerator<readonly Line[], void, void> {
    yield start
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
  }
  return { start, rest: rest() }
}

function revokeOptions(options: RevokeCommandOptions): RevokeOptions {
  const expiresAt = expiry(options)
  return {
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

function sameSecond(text: string): 'keep' | 'revoke' {
  if (text === 'keep' || text === 'revoke') return text
  throw new CliError('ERR_USAGE', "--same-second must be 'keep' or 'revoke'")
}

function operatingSystemUser(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

async function printReceipt(receipt: Receipt, options: RevokeCommandOptions): Promise<void> {
  if (options.json === true) {
    await writeJson(receipt)
  } else if (receipt.outcome === 'expired') {
    await writeLine(
      `${tone('expired', 'warn')} ${targetText(receipt.target)}: it expired at ${shortTime(receipt.expiresAt)}, there is nothing to revoke`,
    )
  } else {
    await writeLine(
      `${tone('revoked', 'good')} ${targetText(receipt.target)} until ${shortTime(receipt.expiresAt)} (durable, seq ${receipt.seq}${redisText(receipt.redis)})`,
    )
  }
  noteQueued(receipt.redis, options)
}

async function printBulkReceipt(receipt: BulkReceipt, options: RevokeCommandOptions): Promise<void> {
  if (options.json === true) await writeJson(receipt)
  else
    await writeLine(
      `${tone('revoked', 'good')} ${receipt.count}, already expired ${receipt.expired}, invalid ${receipt.invalid} (durable, seq ${receipt.seq}${redisText(receipt.redis)})`,
    )
  noteQueued(receipt.redis, options)
}
