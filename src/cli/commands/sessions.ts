import type { Command } from 'commander'
import type { EndOptions, Session, Sessions, SessionsReceipt, SessionsToEnd } from '../../sessions/index.js'
import { CliError, printable } from '../errors.js'
import { operatingSystemUser } from '../input/actor.js'
import { parseDuration, shortTime } from '../input/time.js'
import { addTokenOptions, type TokenOptions } from '../options.js'
import { counted } from '../output/counted.js'
import { note, tone, writeJson, writeLine } from '../output/print.js'
import { durableText, noteQueued } from '../output/redis-receipt.js'
import { table } from '../output/table.js'
import { endAll } from '../sessions/end-all.js'
import { changeSessions, readSessions } from '../sessions/open-sessions.js'

/** What `createSessions` takes for the longest life of a session, by default. */
const DEFAULT_LIFETIME = '90d'
const HEAD = ['login (sid)', 'application', 'began', 'refreshed', 'ends', 'bound', 'details']

interface ListOptions extends TokenOptions {
  readonly sub?: string
  readonly sid?: string
}

interface EndCommandOptions extends ListOptions {
  readonly clientId?: string
  readonly except?: string
  readonly all?: boolean
  readonly tokenLifetime: string
  readonly reason?: string
  readonly actor?: string
}

/** Adds `sessions`, which lists and ends the sessions that services keep in the store. */
export function addSessions(program: Command): void {
  const command = program
    .command('sessions')
    .description('List the sessions in the store, or end some: their refresh and access tokens.')
    .argument('[what]')
    .action((what: string | undefined) => {
      const isMissing = what === undefined || what.startsWith('-')
      const problem = isMissing ? 'say what to do' : `there is no command 'sessions ${what}'`
      throw new CliError('ERR_USAGE', `${problem}: 'sessions list' or 'sessions end'`)
    })
  addList(command)
  addEnd(command)
  // A mistyped command is reported as such, whatever follows it. The two commands do not take this over.
  command.allowUnknownOption().allowExcessArguments()
}

function addList(sessions: Command): void {
  const command = sessions
    .command('list')
    .description('Show the live sessions of a user or a login, oldest first.')
    .option('--sub <user>', 'of this user')
    .option('--sid <login>', 'of this login')
    .action(list)
  addTokenOptions(command)
}

function addEnd(sessions: Command): void {
  const command = sessions
    .command('end')
    .description('End sessions and revoke their access tokens. Returns once it is durable.')
    .option('--sub <user>', 'all logins of this user')
    .option('--except <login>', 'with --sub: but the login with this sid')
    .option('--sid <login>', 'this login')
    .option('--client-id <application>', 'with --sid: this application in it')
    .option('--all', 'the sessions of all users, as after a restore')
    .option(
      '--token-lifetime <duration>',
      "as your services' option maxTokenLifetimeSeconds: an end is remembered for so long",
      DEFAULT_LIFETIME,
    )
    .option('--reason <text>', 'stored with the revocation')
    .option('--actor <text>', 'who ends them (default: the user of the operating system)')
    .addHelpText(
      'after',
      `
Examples:
  revocade sessions end --sub alice --reason "laptop lost"
  revocade sessions end --sub alice --except Jd0bYVwXv0WZ6d5o9xKpFQ`,
    )
    .action(end)
  addTokenOptions(command)
}

async function list(options: ListOptions): Promise<void> {
  const { sub, sid, json } = options
  if ((sub === undefined) === (sid === undefined))
    throw new CliError('ERR_USAGE', 'say whose sessions: --sub USER or --sid LOGIN')
  const where = sub === undefined ? { sid: sid ?? '' } : { sub }
  await readSessions(options, parseDuration(DEFAULT_LIFETIME, '--token-lifetime'), async (sessions) => {
    const found: Session[] = []
    for await (const session of sessions.list(where)) found.push(session)
    if (json === true) for (const session of found) await writeJson(session)
    else if (found.length === 0) note('no live sessions')
    else await writeLine(table(found.map(cells), { head: HEAD, flexible: 6, wrap: 'anywhere' }))
  })
}

function cells({ sid, clientId, createdAt, rotatedAt, expiresAt, bound, details }: Session): string[] {
  const shown = Object.entries(details ?? {}).map(([name, value]) => `${name}=${String(value)}`)
  return [
    printable(sid),
    printable(clientId ?? ''),
    ...[createdAt, rotatedAt, expiresAt].map(shortTime),
    bound ? 'yes' : '',
    printable(shown.join(' ')),
  ]
}

async function end(options: EndCommandOptions): Promise<void> {
  const what = sessionsToEnd(options)
  const given: EndOptions = {
    actor: options.actor ?? operatingSystemUser(),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  }
  const lifetimeSeconds = parseDuration(options.tokenLifetime, '--token-lifetime')
  const receipt = await changeSessions(options, lifetimeSeconds, async (sessions, store) => {
    if (what === 'all') return endAll(sessions, store, given)
    if ('except' in what && what.except !== undefined) await requireSession(sessions, what.sub, what.except)
    return sessions.revoke(what, given)
  })
  await report(receipt, options, new Date(Date.now() + lifetimeSeconds * 1000))
}

/**
 * A mistyped `--except` would end the one login that is to stay.
 *
 * @throws {CliError} ERR_USAGE when the user has no live session of that login
 */
async function requireSession(sessions: Sessions, sub: string, sid: string): Promise<void> {
  for await (const session of sessions.list({ sub })) if (session.sid === sid) return
  throw new CliError(
    'ERR_USAGE',
    `no live session of '${sub}' has the sid '${sid}' of --except, so nothing was ended: ` +
      "see 'revocade sessions list --sub USER'",
  )
}

/** @throws {CliError} ERR_USAGE unless they are named in exactly one way */
function sessionsToEnd({ sub, sid, all, except, clientId }: EndCommandOptions): SessionsToEnd | 'all' {
  if ([sub, sid, all].filter((way) => way !== undefined).length !== 1)
    throw new CliError('ERR_USAGE', 'say which sessions to end: one of --sub USER, --sid LOGIN, --all')
  if (except !== undefined && sub === undefined) throw new CliError('ERR_USAGE', '--except goes with --sub')
  if (clientId !== undefined && sid === undefined)
    throw new CliError('ERR_USAGE', '--client-id goes with --sid')
  if (sub !== undefined) return { sub, except }
  return sid === undefined ? 'all' : { sid, clientId }
}

async function report(
  receipt: SessionsReceipt | undefined,
  options: EndCommandOptions,
  until: Date,
): Promise<void> {
  const { ended = 0, redis = 'off' } = receipt ?? {}
  if (options.json === true) await writeJson(receipt ?? { seq: 0, ended })
  else if (receipt === undefined || receipt.seq === 0) await writeLine('there was no session to end')
  else if (ended === 0)
    await writeLine(
      `no live session; tokens with ${named(options)} are revoked until ${shortTime(until)} ` +
        `(${durableText(receipt)})`,
    )
  else await writeLine(`${tone('ended', 'good')} ${counted(ended, 'session')} (${durableText(receipt)})`)
  noteQueued(redis, options)
}

/** The claims of the tokens that an end revokes. */
function named({ sub, sid, clientId }: EndCommandOptions): string {
  const pairs = Object.entries({ sub, sid, client_id: clientId })
  return pairs
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${printable(value)}`]))
    .join(' and ')
}
