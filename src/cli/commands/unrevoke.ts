import type { Command } from 'commander'
import type { Receipt, Revocade } from '../../api.js'
import { type IdForms, unrevokeForms } from '../../engine/id-forms.js'
import { RevocadeError } from '../../errors.js'
import type { Line } from '../../read-lines.js'
import { type ErrorReport, reportOf } from '../errors.js'
import { operatingSystemUser } from '../input/actor.js'
import {
  addressed,
  addTargetOptions,
  claimsFor,
  idClaimsFor,
  isBareId,
  OTHER_TARGET,
  type TargetOptions,
  targetText,
  tokensOf,
} from '../input/targets.js'
import { LineReporter } from '../output/line-reporter.js'
import { note, tone, writeJson, writeLine } from '../output/print.js'
import { combineStates, durableText, noteQueued, redisText } from '../output/redis-receipt.js'
import { requireStore, withStore } from '../with-store.js'

interface UnrevokeOptions extends TargetOptions {
  readonly actor?: string
}

/** Adds `unrevoke`, which takes revocations back. */
export function addUnrevoke(program: Command): void {
  const command = program
    .command('unrevoke')
    .description('Take revocations back. A token stays revoked while a selector matches it.')
  addTargetOptions(command)
    .option('--actor <text>', 'who takes them back (default: the user of the operating system)')
    .action(unrevoke)
}

const actorOf = ({ actor = operatingSystemUser() }: UnrevokeOptions) => ({ actor })

async function unrevoke(argument: string | undefined, options: UnrevokeOptions): Promise<void> {
  const target = addressed(argument, options, 'unrevoke')
  await requireStore(options)
  if (target.kind === 'selector') {
    const { claims } = claimsFor(target.where, options)
    await withStore(options, { claims }, async (engine) =>
      printReceipt(await engine.unrevokeWhere(target.where, actorOf(options)), options),
    )
    return
  }
  await withStore(options, idClaimsFor(options), async (engine) => {
    if (target.kind === 'one') await unrevokeOne(engine, [target.token], options)
    else if (target.kind === 'id') await unrevokeOne(engine, tokensOf(target), options)
    else await unrevokeLines(engine, target.lines, options)
  })
}

async function unrevokeOne(engine: Revocade, forms: IdForms, options: UnrevokeOptions): Promise<void> {
  const receipt = await unrevokeForms(engine, forms, actorOf(options))
  await printReceipt(receipt, options)
  if (receipt.outcome === 'unchanged' && isBareId(options))
    note(`${OTHER_TARGET}: give that with --iss`, options)
  const { status, revocation } = await engine.check(forms[0])
  if (status === 'revoked' && revocation !== undefined) {
    const by = targetText(revocation.target)
    const flag = by === 'everyone' ? '--everyone' : '--where'
    note(`the token is still revoked by '${by}'; take that back with ${flag}`, options)
  }
}

async function unrevokeLines(
  engine: Revocade,
  batches: AsyncIterable<Line[]>,
  options: UnrevokeOptions,
): Promise<void> {
  const reporter = new LineReporter(options)
  const by = actorOf(options)
  const done = { unrevoked: 0, unchanged: 0 }
  let redis: Receipt['redis'] = 'off'
  for await (const lines of batches) {
    for (const line of lines) {
      const receipt = await unrevokeLine(engine, line, by)
      if ('code' in receipt) {
        reporter.report(line.number, receipt)
        continue
      }
      done[receipt.outcome === 'unrevoked' ? 'unrevoked' : 'unchanged']++
      redis = combineStates([redis, receipt.redis])
    }
  }
  reporter.end()
  const invalid = reporter.count
  if (options.json === true) await writeJson({ ...done, invalid, redis })
  else {
    const counts = `${done.unrevoked}, not revoked before ${done.unchanged}, invalid ${invalid}`
    await writeLine(`${tone('unrevoked', 'good')} ${counts}${redisText(redis)}`)
  }
  noteQueued(redis, options)
  if (invalid > 0) process.exitCode = 2
}

/** The receipt of one line, or what is wrong with the line. Other failures end the command. */
async function unrevokeLine(
  engine: Revocade,
  line: Line,
  by: { readonly actor: string },
): Promise<Receipt | ErrorReport> {
  if ('problem' in line) return { code: 'ERR_BAD_LINE', message: line.problem }
  try {
    return await engine.unrevoke(line.text, by)
  } catch (error) {
    if (error instanceof RevocadeError && error.statusCode === 400) return reportOf(error)
    throw error
  }
}

async function printReceipt(receipt: Receipt, options: TargetOptions): Promise<void> {
  if (options.json === true) await writeJson(receipt)
  else if (receipt.outcome === 'unchanged')
    await writeLine(`${tone('unchanged', 'warn')} ${targetText(receipt.target)} was not revoked`)
  else await writeLine(`${tone('unrevoked', 'good')} ${targetText(receipt.target)} (${durableText(receipt)})`)
  noteQueued(receipt.redis, options)
}
